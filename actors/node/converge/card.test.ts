import { describe, expect, test } from '@jest/globals';
import { errors } from '../../../protocol/errors.ts';
import { failureCard, scriptCard } from './card.ts';
import type { ConvergeStep } from './ports.ts';
import type { ScriptEnding } from '../scripts.ts';

const step: ConvergeStep = {
  project: 'demo',
  version: '1.0.0',
  spec: 'default',
  script: 'a.sh',
  sha256: '',
  standing: 'will run',
  ranIn: undefined,
  file: '/home/a.sh',
  folder: '/home',
  projectPath: '/home',
  specPath: '/home',
  log: '/logs/a.sh.out',
};

const cardOf = (ending: ScriptEnding, tail = '') => scriptCard(step, { ending, tail, bytes: 0, durationMs: 0, warnings: [] });

describe('the card of a script', () => {
  test('that ended well is none', () => expect(cardOf({ type: 'exited', code: 0 })).toBeUndefined());

  test.each<[ScriptEnding, string, object]>([
    [{ type: 'exited', code: 3 }, 'return code: 3', { exitCode: 3 }],
    [{ type: 'signalled', signal: 'SIGSEGV' }, 'killed by SIGSEGV', { ending: 'killed by SIGSEGV' }],
    [{ type: 'timedOut', afterMs: 300_000 }, 'timed out after 300 s', { ending: 'timed out after 300 s' }],
    [{ type: 'aborted' }, 'ended because jetpackd stops', { ending: 'ended because jetpackd stops' }],
    [{ type: 'unstartable', reason: 'has no interpreter' }, 'it has no interpreter', { ending: 'it has no interpreter' }],
  ])('%j', (ending, how, members) => {
    const card = cardOf(ending);
    expect(card).toEqual({
      summary: `Failed to execute cluster-init script '/home/a.sh' in project 'demo' (${how})`,
      recommendation: expect.any(String),
      aspect: 'Software Configuration',
      project: 'demo',
      spec: 'default',
      script: 'a.sh',
      log: '/logs/a.sh.out',
      ...members,
    });
  });

  test.each<[ScriptEnding, string, RegExp]>([
    [{ type: 'exited', code: 1 }, '', /^Mend the script, put it into the locker, then: jetpack converge$/],
    [{ type: 'exited', code: 126 }, '', /cannot be executed/],
    [{ type: 'exited', code: 127 }, '', /was not found/],
    [{ type: 'exited', code: 137 }, '', /memory/],
    [{ type: 'signalled', signal: 'SIGKILL' }, '', /memory/],
    [{ type: 'signalled', signal: 'SIGSEGV' }, '', /crashed/],
    [{ type: 'timedOut', afterMs: 1_000 }, '', /waits for/],
    [{ type: 'unstartable', reason: 'names an interpreter that is not there' }, '', /interpreter/],
    [{ type: 'unstartable', reason: 'has Windows line ends' }, '', /Unix line ends/],
    [{ type: 'exited', code: 127 }, "a.sh: line 2: $'\\r': command not found", /Unix line ends/],
    [{ type: 'exited', code: 127 }, '/usr/bin/env: \u2018bash\\r\u2019: No such file or directory', /Unix line ends/],
    [{ type: 'exited', code: 2 }, 'a.sh: 2: echo\r: not found', /Unix line ends/],
    [{ type: 'exited', code: 1 }, 'progress 10%\rprogress 20%\r\nfailed: not found\n', /^Mend/],
  ])('%j %j says what to do', (ending, tail, advice) => expect(cardOf(ending, tail)?.recommendation).toMatch(advice));
});

test('the card of another failure is its line, and what its code says to do', () => {
  expect(failureCard({ code: 'project_missing', message: '/x is not there' })).toEqual({
    summary: '/x is not there',
    recommendation: errors.project_missing.remedy,
    aspect: 'Software Configuration',
  });
});
