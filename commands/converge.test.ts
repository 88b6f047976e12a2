import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Card } from '../protocol/card.ts';
import { requestSchema } from '../protocol/local.ts';
import { ok } from '../protocol/result.ts';
import { character } from '../protocol/testing/character.ts';
import { cardText } from './card-text.ts';
import { convergeRequest, presentConverge, type ConvergeInvocation } from './converge.ts';
import { parseCommandLine } from './parse.ts';
import { runFake } from './testing/fake-host.ts';
import { aligned } from './testing/styles.ts';

const id = '0192f0c1-2345-7890-8abc-def012345678';
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const invocation: ConvergeInvocation = { command: 'converge', plan: false, rerunScripts: false };

const card: Card = {
  summary: "Failed to execute cluster-init script '/home/x.sh' in project 'demo' (return code: 3)",
  recommendation: 'Mend the script, put it into the locker, then: jetpack converge',
  output: 'one\n\ttwo\n',
  log: '/logs/x.sh.out',
};

describe('the command line', () => {
  test.each([
    [[], { plan: false, rerunScripts: false }],
    [['--plan'], { plan: true, rerunScripts: false }],
    [['--rerun-scripts'], { plan: false, rerunScripts: true }],
    [['--rerun-scripts', '--plan'], { plan: true, rerunScripts: true }],
    [['--mode=maintenance'], { plan: false, rerunScripts: false }],
    [['--mode', 'install', '--cluster-init'], { plan: false, rerunScripts: false }],
    [['--no-sync'], { plan: false, rerunScripts: false, noSync: true }],
    [['--debug', 'strace', '--rerun-scripts'], { plan: false, rerunScripts: true, debug: true, strace: true }],
    [['strace', '--no-sync'], { noSync: true, strace: true }],
    [['--strace'], { strace: true }],
    [['--debug'], { debug: true }],
    [['--plan', '--output=json'], { plan: true, json: true }],
  ])('converge %j', async (args, expected) => {
    expect(await parseCommandLine(['converge', ...args], '0')).toMatchObject({ type: 'invoked', work: { invocation: { command: 'converge', ...expected } } });
  });

  test.each([[['now']], [['--mode=fast']], [['--mode']], [['strace', 'strace']], [['--plan', '--no-sync']], [['--plan', '--debug']], [['--plan', '--strace']], [['--plan', 'strace']], [['--sync']]])('does not take %j', async (args) => {
    expect(await parseCommandLine(['converge', ...args], '0')).toMatchObject({ type: 'refused', command: 'jetpack converge', failure: { code: 'usage' } });
  });

  test('asks for every step with --debug, for system calls with --strace, and for neither without', async () => {
    const answer = () => ok({ ran: 1, skipped: 0, durationMs: 5 });
    const { asked } = await runFake(['converge', '--debug', 'strace', '--mode=install'], { answer });
    expect(asked).toMatchObject([{ socket: 'admin', request: { verb: 'converge', debug: true, strace: true } }]);
    expect(requestSchema.parse(asked[0]?.request)).toEqual(asked[0]?.request);
    const plain = await runFake(['converge', '--mode=maintenance', '--cluster-init'], { answer });
    expect(plain).toMatchObject({ exit: 0, out: 'converged: 1 script ran, in 0.0 s\n', err: '' });
    expect(Object.keys(plain.asked[0]?.request ?? {})).not.toEqual(expect.arrayContaining(['debug']));
  });

  test('asks for what lies in the home with --no-sync', async () => {
    const { asked } = await runFake(['converge', '--no-sync']);
    expect(asked).toMatchObject([{ socket: 'admin', request: { verb: 'converge', noSync: true } }]);
    expect(requestSchema.parse(asked[0]?.request)).toEqual(asked[0]?.request);
  });

  test('its request is what its schema says', () => {
    const request = convergeRequest({ ...invocation, plan: true }, { id, at: 1, trace });
    expect(requestSchema.parse(request)).toEqual({ verb: 'converge', id, trace, plan: true, rerunScripts: false });
    expect(Object.keys(convergeRequest(invocation, { id, at: 1 }))).not.toContain('trace');
  });
});

describe('a plan', () => {
  const steps = [
    { project: 'demo', version: '1.0.0', spec: 'default', script: '10-motd.sh', state: 'has run' },
    { project: 'demo', version: '1.0.0', spec: 'execute', script: '5.py', state: 'changed since it ran' },
  ];

  test('is an aligned list, its warnings first', () => {
    expect(presentConverge({ ...invocation, plan: true }, { steps, warnings: ['a is passed over'] }, aligned)).toBe(
      [
        'a is passed over',
        'project      spec     script      state',
        'demo v1.0.0  default  10-motd.sh  has run',
        'demo v1.0.0  execute  5.py        changed since it ran',
        '',
      ].join('\n'),
    );
  });

  test('says what runs again when that is asked', () => {
    expect(presentConverge({ ...invocation, plan: true, rerunScripts: true }, { steps }, aligned)).toContain('10-motd.sh  will run again\n');
  });

  test('as JSON is what the daemon says, and what runs again', () => {
    const shown: unknown = JSON.parse(presentConverge({ ...invocation, json: true, plan: true, rerunScripts: true }, { steps, warnings: ['a is passed over'] }, aligned));
    expect(shown).toEqual({ steps: [{ ...steps[0], state: 'will run again' }, steps[1]], warnings: ['a is passed over'] });
  });

  test('of nothing says so', () => {
    expect(presentConverge({ ...invocation, plan: true }, { steps: [] }, aligned)).toBe("nothing to run: the node's specs have no scripts\n");
  });
});

describe('a converge that ended', () => {
  test.each([
    [{ ran: 3, skipped: 2, durationMs: 4_240 }, 'converged: 3 scripts ran, 2 had run before, in 4.2 s\n'],
    [{ ran: 1, skipped: 0, durationMs: 59_960 }, 'converged: 1 script ran, in 1 min 0 s\n'],
    [{ ran: 0, skipped: 0, durationMs: 3 }, 'converged: 0 scripts ran, in 0.0 s\n'],
    [{ ran: 0, skipped: 1, durationMs: 3_725_000 }, 'converged: 0 scripts ran, 1 had run before, in 62 min 5 s\n'],
  ])('%j', (report, line) => expect(presentConverge(invocation, report, aligned)).toBe(line));

  test('is the same in JSON', () => {
    const report = { ran: 1, skipped: 0, durationMs: 12, failed: card };
    expect(JSON.parse(presentConverge({ ...invocation, json: true }, report, aligned))).toEqual(report);
  });

  test('tells of a failure that was passed over', () => {
    expect(presentConverge(invocation, { ran: 1, skipped: 0, durationMs: 0, failed: card }, aligned)).toBe(
      `converged: 1 script ran, in 0.0 s\na failure was passed over, as cluster_init.fail_on_error says:\n${cardText(card)}`,
    );
  });
});

describe('a card', () => {
  test('is what failed, the end of the output, where the rest is, and what to do', () => {
    expect(cardText(card)).toBe(
      [
        card.summary,
        '  The end of its output:',
        '  | one',
        '  |     two',
        '  All of it: /logs/x.sh.out',
        '  What to do: Mend the script, put it into the locker, then: jetpack converge',
        '',
      ].join('\n'),
    );
  });

  test.each([undefined, '', ' \n'])('without output says none: %j', (output) => {
    expect(cardText({ summary: 'no', recommendation: 'do', ...(output === undefined ? {} : { output }) })).toBe('no\n  What to do: do\n');
  });

  test('is harmless text, whatever a script wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 300 }), fc.string({ unit: character, maxLength: 300 }), (text, output) => {
        const lines = cardText({ summary: text, recommendation: text, log: text, output }).split('\n');
        expect(lines.at(-1)).toBe('');
        for (const line of lines) expect(line).toMatch(/^[^\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]*$/u);
        expect(lines.slice(1, -1).every((line) => line.startsWith('  '))).toBe(true);
      }),
    );
  });
});
