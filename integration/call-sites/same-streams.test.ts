// Both forms of the command line on one home with one daemon, where something is on standard input, and where they are on a terminal:
// the same to the byte. The front has no Node form beside it, so what it prints is its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasCompiler } from '../../cli/front/compile.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { limits } from '../../protocol/limits.ts';
import { aloneInTime, compileCache, forms, install, installAlone, steady, timeZone, type Form } from './forms.ts';
import { startNodeWithDaemon, type TestNode } from './homes.ts';
import { runProgram, type Observed, type RunOptions } from './run-program.ts';

const python = path.join(import.meta.dirname, 'on-terminal.py');
const alone = 'alone';
const targets = '[{"Name": "execute", "TargetCoreCount": 4}, {"Name": "gpu", "TargetCount": 2}]';

type Input = NonNullable<RunOptions['input']>;

const describeStreams = (inNode: Form): void => {
  let folder: string;
  let node: TestNode;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'same-streams-'));
    install(path.join(folder, inNode.program), inNode);
    installAlone(path.join(folder, alone));
    node = await startNodeWithDaemon();
  }, 120_000);

  afterAll(async () => {
    await node.dispose();
    rmSync(folder, { recursive: true });
  });

  const environment = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
    const { HOME = '/', PATH = '' } = process.env;
    return { HOME, PATH, ...timeZone, ...compileCache, JETPACK_HOME: node.home, ...more };
  };

  /** What comes of it by the front, and by the commands in Node. */
  const byBoth = async (call: (program: string) => Promise<Observed>): Promise<{ readonly byFront: Observed; readonly byNode: Observed }> => {
    const byFront = steady(await aloneInTime(() => call(path.join(folder, alone, 'jetpack'))));
    const byNode = steady(await call(path.join(folder, inNode.program, 'jetpack')));
    expect(byFront).toEqual(byNode);
    return { byFront, byNode };
  };

  const fed = (line: string, input: Input) => byBoth((program) => runProgram(program, line.split(' '), { folder, env: environment(), input }));

  describe('with something on standard input,', () => {
    test.each<readonly [line: string, what: string, input: Input, exit: number]>([
      ['send --file - -r a.b', 'a text', 'job 4711 has ended\n', 0],
      ['send -f - -r a.b', 'nothing', '', 0],
      ['send -f - -r a.b', 'what is no text', Uint8Array.of(0, 0xff, 0x0a, 0xc3), 0],
      ['send -f - -r a.b', 'more than one read takes', 'x'.repeat(300_000), 0],
      ['send -f - -r a.b', 'more than a message may have', 'x'.repeat(limits.userBody + 1), 1],
      ['autoscale --file -', 'a list of targets', targets, 0],
      ['autoscale -f -', 'what is no JSON', '[{"Name": ', 1],
      ['autoscale -f -', 'what is no list of targets', '[{"Name": "execute"}]', 1],
      ['autoscale -f -', 'more than an event may have', ' '.repeat(limits.event + 1), 1],
      ['autoscale --file - --name execute', 'what nobody reads', targets, 2],
      ['log message', 'what nobody reads', 'unread\n', 0],
      ['config cyclecloud.cluster.name', 'what nobody reads', 'x'.repeat(300_000), 0],
    ])('jetpack %s of %s', async (line, _what, input, exit) => {
      const { byFront } = await fed(line, input);
      expect(byFront).toEqual({ exit, stdout: expect.any(String), stderr: expect.stringMatching(exit === 0 ? /^$/ : /^jetpack [^\n]+\n$/) });
    });

    test('jetpack autoscale --file - asks for the same', async () => {
      const asked = async () => ((await node.events?.()) ?? []).filter(({ fields }) => fields['kind'] === 'autoscale').map(({ fields }) => fields['targets']);
      const before = (await asked()).length;
      await fed('autoscale --file -', targets);
      await waitFor('both requests', async () => (await asked()).length === before + 2);
      const [one, other] = (await asked()).slice(before);
      expect(one).toEqual([{ name: 'execute', coreCount: 4 }, { name: 'gpu', instanceCount: 2 }]);
      expect(other).toEqual(one);
    });
  });

  describe('on a terminal', () => {
    const onTerminal = (line: string, columns: number, env: Readonly<Record<string, string>>) =>
      byBoth((program) => runProgram('python3', [python, `${columns}`, program, ...line.split(' ')], { folder, env: environment(env) }));

    const colours = '\u001b[';
    const xterm = { TERM: 'xterm-256color' };

    const shown = ['status', 'health', 'inspect', 'users', 'config roles', 'config --explain roles', 'keepalive show', 'run_on_shutdown --list', 'status --json', 'config -h', 'nonsense', 'config no.such.key'];

    beforeAll(async () => {
      // So that there is something to paint, and a table that is wide.
      const set = `condition set -n gpu -s Warning -m ${'lost-'.repeat(30)}`;
      await byBoth((program) => runProgram(program, set.split(' '), { folder, env: environment() }));
      await byBoth((program) => runProgram(program, ['run_on_shutdown', '/usr/bin/true'], { folder, env: environment() }));
    });

    test.each(shown.flatMap((line) => [40, 200].map((columns) => [line, columns] as const)))('jetpack %s, of %i columns', async (line, columns) => {
      const { byFront } = await onTerminal(line, columns, xterm);
      expect(byFront.stderr).toBe('');
      expect(byFront.stdout).toMatch(/\r\n$/);
    });

    test.each<readonly [string, Readonly<Record<string, string>>, boolean]>([
      ['that takes colours', xterm, true],
      ['whose user wants none', { ...xterm, NO_COLOR: '1' }, false],
      ['that calls itself dumb', { TERM: 'dumb' }, false],
      ['that has no name', {}, true],
    ])('%s, jetpack status and health are painted or not', async (_what, env, painted) => {
      for (const line of ['status', 'health']) {
        const { byFront } = await onTerminal(line, 100, env);
        expect(byFront.stdout.includes(colours)).toBe(painted);
        // A table there, and tabs in a pipe.
        expect(byFront.stdout).not.toContain('\t');
      }
    });
  });
};

const { front, inNode } = await forms();
if (front === undefined) test('there is no front to compare where there is no C compiler', async () => expect(await hasCompiler()).toBe(false));
else {
  describe('by the front alone and by the commands in Node is the same', () => {
    describeStreams(inNode);
  });
}
