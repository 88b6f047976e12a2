import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../protocol/result.ts';
import type { TestOutcome } from './host.ts';
import { presentOutcome } from './test.ts';
import { runFake } from './testing/fake-host.ts';
import { coloured, tabbed } from './testing/styles.ts';

const outcome = (file: string, passed: boolean): TestOutcome => ({ project: 'demo', spec: 'default', file, passed, ending: 'ended with exit code 1', output: 'one\n\u001B[2Jtwo\n', durationMs: 1_234 });

const telling = (...outcomes: readonly TestOutcome[]) => ({
  own: {
    test: async (onOutcome: (outcome: TestOutcome) => void) => {
      for (const each of outcomes) onOutcome(each);
      return ok(undefined);
    },
  },
});

describe('jetpack test', () => {
  test('says how each file ended, and how many passed', async () => {
    expect(await runFake(['test'], telling(outcome('a.sh', true), outcome('test_b.py', true)))).toMatchObject({
      exit: 0,
      out: 'passed  demo/default a.sh, in 1.2 s\npassed  demo/default test_b.py, in 1.2 s\n2 passed\n',
      err: '',
    });
  });

  test('fails when one did not pass, with the end of what it wrote, and nothing in it that moves the cursor', async () => {
    expect(await runFake(['test'], telling(outcome('a.sh', true), outcome('b.sh', false)))).toMatchObject({
      exit: 1,
      out: 'passed  demo/default a.sh, in 1.2 s\nFAILED  demo/default b.sh ended with exit code 1\n  | one\n  | \u{FFFD}[2Jtwo\n',
      err: 'jetpack test: 1 of 2 files of tests failed (tests_failed)\n',
    });
  });

  test('of a node without tests says so', async () => {
    expect(await runFake(['test'], telling())).toMatchObject({ exit: 0, out: 'no tests: no spec of this node brings one in its folder tests/\n' });
  });

  test('has all outcomes as one JSON list, also when one did not pass', async () => {
    const outcomes = [outcome('a.sh', true), outcome('b.sh', false)];
    const failed = await runFake(['test', '--json'], telling(...outcomes));
    expect(failed).toMatchObject({ exit: 1, err: 'jetpack test: 1 of 2 files of tests failed (tests_failed)\n' });
    expect(JSON.parse(failed.out)).toEqual(outcomes);
    expect(await runFake(['test', '--output', 'json'], telling())).toMatchObject({ exit: 0, out: '[]\n', err: '' });
  });

  test.each([[[]], [['--json']]])('that cannot be run says why: %j', async (options) => {
    expect(await runFake(['test', ...options], { own: { test: async () => fail('file_unreadable', 'there is no node.json') } })).toMatchObject({ exit: 1, out: '', err: 'jetpack test: there is no node.json (file_unreadable)\n' });
  });

  test('colours its verdicts on a terminal only', () => {
    expect(presentOutcome(outcome('a.sh', true), coloured)).toContain('\u001B[32mpassed\u001B[39m');
    expect(presentOutcome(outcome('a.sh', false), tabbed)).not.toContain('\u001B[3');
  });
});
