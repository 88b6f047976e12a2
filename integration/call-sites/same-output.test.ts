// Both forms of the command line on one home with one daemon, called one after the other: what they print and how they end is the same
// to the byte. Of each command there is a call, of some an error, and the help of all.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { flattened, shapeOf } from '../../commands/completion/shapes.ts';
import { wholeProgram } from '../../commands/parse.ts';
import { hasCompiler } from '../../cli/front/compile.ts';
import { compileCache, forms, install, installAlone, leftToNode, timeZone, type Form } from './forms.ts';
import { startNodeWithDaemon, type TestNode } from './homes.ts';
import { runProgram, type Observed } from './run-program.ts';

const all = flattened(shapeOf(await wholeProgram())).map(({ place }) => place.slice(1).replaceAll('/', ' '));

/**
 * A line each, as words between spaces; `%` stands for a file with a list of targets. Those that change something come before those that
 * show it; what stands before `>` is called before each of both.
 */
const lines: readonly string[] = [
  '',
  '-v',
  '--version',
  'nonsense',
  '--home= status',
  'config',
  'config cyclecloud.cluster.name',
  'config cyclecloud --json',
  'config roles --raw',
  'config no.such.key',
  'config no.such.key fallback',
  'config a b c',
  'config --explain roles',
  'config --explain',
  'props set rack.name r12',
  'props get rack.name',
  'props get --json',
  'props get no.such',
  'props unset rack.name',
  'props unset a..b',
  'keepalive forever --reason looking',
  'keepalive show',
  'keepalive show --json',
  'keepalive 6x',
  'keepalive -1h',
  'keepalive forever > keepalive cancel',
  'keepalive cancel',
  'log message --level error -p low',
  'log one two',
  'log',
  'log --level fatal message',
  'log --wrong message',
  'send text -r a.b -H cell=default',
  'send text',
  'send --file /no/such/file -r a.b',
  'condition set -n gpu -s Warning -m lost',
  'condition set -n gpu',
  'condition set -n gpu -s Bad',
  'condition set -n gpu -s NA',
  'autoscale --corecount 8 --name execute',
  'autoscale --file %',
  'autoscale --corecount 1 --instancecount 2',
  'autoscale',
  'hostname-changed',
  'run_on_shutdown -- /usr/bin/true --now',
  'run_on_shutdown --list',
  'run-on-shutdown --list --json',
  'run_on_shutdown /usr/bin/true > run_on_shutdown --remove /usr/bin/true',
  'run_on_shutdown --remove /usr/bin/true',
  'run_on_shutdown relative',
  'shutdown --cancel > shutdown --idle --reason nothing',
  'shutdown --idle --reason nothing',
  'status',
  'shutdown > shutdown --cancel',
  'shutdown --cancel',
  'shutdown --idle --unhealthy',
  'health',
  'health --json',
  'health --wrong',
  'status --json',
  'inspect',
  'inspect --output json',
  'users',
  'users --owner --json',
  'users --output xml',
  'sync wait --role nobody --timeout 2s',
  'sync wait --role nobody --timeout 2x',
  'sync wait',
  'converge --plan',
  'converge --plan --json',
  'converge --plan --strace',
  'download --project none blob',
  'download',
  'test --wrong',
  'report_issue /no/such/folder',
  'report_issue --wrong',
  'completion bash',
  'completion fish',
  'completion ksh',
];

/** The folder of the front that nothing stands behind. */
const alone = 'alone';

/** What takes long, prints while it works, or needs the caller's files. */
const needProcess: ReadonlySet<string> = new Set(['sync wait --role nobody --timeout 2s', 'converge --plan', 'converge --plan --json', 'download --project none blob', 'report_issue /no/such/folder']);

const describeForms = (front: Form, nodeForm: Form): void => {
  let folder: string;
  let node: TestNode;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'both-forms-'));
    for (const form of [front, nodeForm]) install(path.join(folder, form.program), form);
    installAlone(path.join(folder, alone));
    writeFileSync(path.join(folder, 'targets.json'), '[{"Name": "execute", "TargetCoreCount": 4}]');
    node = await startNodeWithDaemon();
  }, 120_000);

  afterAll(async () => {
    await node.dispose();
    rmSync(folder, { recursive: true });
  });

  const call = ({ program }: { readonly program: string }, line: string): Promise<Observed> => {
    const { HOME = '/', PATH = '' } = process.env;
    const words = line.split(' ').filter((word) => word !== '');
    const argv = words.map((word) => (word === '%' ? path.join(folder, 'targets.json') : word));
    return runProgram(path.join(folder, program, 'jetpack'), argv, { folder, env: { HOME, PATH, ...timeZone, ...compileCache, JETPACK_HOME: node.home } });
  };

  /** What comes of it by each. */
  const byBoth = async (text: string): Promise<{ readonly byFront: Observed; readonly byNode: Observed }> => {
    const [line = '', ...before] = text.split(' > ').toReversed();
    const prepared = async (form: Form): Promise<Observed> => {
      for (const each of before) expect(await call(nodeForm, each)).toMatchObject({ exit: 0 });
      return call(form, line);
    };
    return { byFront: await prepared(front), byNode: await prepared(nodeForm) };
  };

  test('the lines call every command', () => {
    const called = all.filter((name) => !lines.some((line) => `${line.split(' > ').at(-1) ?? ''} `.startsWith(`${name} `)));
    expect(called).toEqual([]);
  });

  test.each(lines)('jetpack %s', async (line) => {
    const { byFront, byNode } = await byBoth(line);
    expect(byFront).toEqual(byNode);
    // A call that fails says why: two that crash would be the same too.
    expect(byFront.exit === 0 || /^jetpack[^\n]*\n$/.test(byFront.stderr)).toBe(true);
  });

  test.each(lines)('jetpack %s is answered by the front itself, unless only a process of its own can do it', async (line) => {
    // Two calls that both become the Node form would print the same too.
    const { exit } = await call({ program: alone }, line.split(' > ').at(-1) ?? '');
    expect(exit === leftToNode).toBe(needProcess.has(line));
  });

  // Of every fifth command: the words are those of one function, and `commands/help.test.ts` has them all.
  test.each(all.filter((_, index) => index % 5 === 0))('jetpack %s -h', async (name) => {
    const { byFront, byNode } = await byBoth(`${name} -h`);
    expect(byFront).toEqual(byNode);
    expect(byFront).toEqual({ exit: 0, stdout: expect.stringMatching(/^Usage: jetpack/), stderr: '' });
  });
};

const { front, nodeForm } = await forms();
if (front === undefined) test('there is no front to compare where there is no C compiler', async () => expect(await hasCompiler()).toBe(false));
else {
  describe('by the front and by the Node form is the same:', () => {
    describeForms(front, nodeForm);
  });
}
