// All forms of the command line on one home with one daemon, called one after the other: what they print and how they end is the same
// to the byte. The Node form is called both as people call it, when it asks the daemon, and as a front does, when it runs its commands itself. Of each command there is a call, of some an error, and the help of all.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { flattened, shapeOf } from '../../commands/completion/shapes.ts';
import { wholeProgram } from '../../commands/parse.ts';
import { aloneInTime, compileCache, forms, install, installAlone, leftToNode, steady, timeZone, type Form } from './forms.ts';
import { startNodeWithDaemon, type TestNode } from './homes.ts';
import { runProgram, type Observed } from './run-program.ts';

const all = flattened(shapeOf(await wholeProgram())).map(({ place }) => place.slice(1).replaceAll('/', ' '));

/**
 * A line each, as words between spaces; `%` stands for a file with a list of targets. Those that change something come before those that
 * show it; what stands before `>` is called before each of them.
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

const describeForms = (inNode: Form, nodeForm: Form, front: Form | undefined): void => {
  const others = front === undefined ? [nodeForm] : [front, nodeForm];
  let folder: string;
  let node: TestNode;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'all-forms-'));
    for (const each of [inNode, ...others]) install(path.join(folder, each.form), each);
    if (front !== undefined) installAlone(path.join(folder, alone));
    writeFileSync(path.join(folder, 'targets.json'), '[{"Name": "execute", "TargetCoreCount": 4}]');
    node = await startNodeWithDaemon();
  }, 120_000);

  afterAll(async () => {
    await node.dispose();
    rmSync(folder, { recursive: true });
  });

  const call = (form: string, line: string): Promise<Observed> => {
    const { HOME = '/', PATH = '' } = process.env;
    const words = line.split(' ').filter((word) => word !== '');
    const argv = words.map((word) => (word === '%' ? path.join(folder, 'targets.json') : word));
    return runProgram(path.join(folder, form, 'jetpack'), argv, { folder, env: { HOME, PATH, ...timeZone, ...compileCache, JETPACK_HOME: node.home } });
  };

  const prepared = async (form: Form, text: string): Promise<Observed> => {
    const [line = '', ...before] = text.split(' > ').toReversed();
    for (const each of before) expect(await call(inNode.form, each)).toMatchObject({ exit: 0 });
    return steady(await call(form.form, line));
  };

  /** What comes of it by the commands in Node, and by all others. */
  const same = async (text: string): Promise<Observed> => {
    const expected = await prepared(inNode, text);
    for (const each of others) expect({ form: each.form, ...(await prepared(each, text)) }).toEqual({ form: each.form, ...expected });
    return expected;
  };

  test('the lines call every command', () => {
    const called = all.filter((name) => !lines.some((line) => `${line.split(' > ').at(-1) ?? ''} `.startsWith(`${name} `)));
    expect(called).toEqual([]);
  });

  test.each(lines)('jetpack %s', async (line) => {
    const { exit, stderr } = await same(line);
    // A call that fails says why: those that crash would be the same too.
    expect(exit === 0 || /^jetpack[^\n]*\n$/.test(stderr)).toBe(true);
  });

  if (front !== undefined) test.each(lines)('jetpack %s is answered by the front itself, unless only a process of its own can do it', async (line) => {
    // Two calls that both become the Node form would print the same too.
    const { exit } = await aloneInTime(() => call(alone, line.split(' > ').at(-1) ?? ''));
    expect(exit === leftToNode).toBe(needProcess.has(line));
  });

  // Of every fifth command: the words are those of one function, and `commands/help.test.ts` has them all.
  test.each(all.filter((_, index) => index % 5 === 0))('jetpack %s -h', async (name) => {
    expect(await same(`${name} -h`)).toEqual({ exit: 0, stdout: expect.stringMatching(/^Usage: jetpack/), stderr: '' });
  });
};

const { front, inNode, nodeForm } = await forms();
describe('by all forms is the same:', () => {
  describeForms(inNode, nodeForm, front);
});
