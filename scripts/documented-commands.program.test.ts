// Types the commands of the documents that need nothing but the repository.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { provedBy, settingByCurl } from '../integration/docs/commands.ts';
import { RepositoryCopy, type TypedCommand } from '../integration/docs/repository-copy.ts';

let copy: RepositoryCopy;
beforeAll(() => {
  copy = new RepositoryCopy();
});
afterEach(() => copy.endAll());
afterAll(() => copy.dispose());

const typed = new Set<string>();
/** As it stands in a document, but for words that whoever types it is to replace. */
const type = (command: string, words: Readonly<Record<string, string>> = {}): TypedCommand => {
  typed.add(command);
  // Kept in the copy: what Node keeps is by the names of files, which are new in each one.
  return copy.type(Object.entries(words).reduce((line, [word, meant]) => line.replace(word, meant), command), { NODE_COMPILE_CACHE: path.join(copy.folder, 'compiled') });
};

test('npm start runs a cluster that answers the commands of the READMEs, and Ctrl-C ends it with a summary', async () => {
  const cluster = type('npm start');
  await cluster.prints(/phase ready/, 3);
  expect(await type("bin/jetpack log 'system is now ready' --home .state/box/nodes/scheduler").ended).toEqual({ code: 0, output: '' });
  await cluster.prints(/scheduler {2}INFO {3}system is now ready/);
  expect(await type('bin/jetpack config cyclecloud.node.name --home .state/box/nodes/scheduler').ended).toEqual({ code: 0, output: 'scheduler\n' });
  const status = await type('bin/jetpack status --home .state/box/nodes/scheduler').ended;
  expect(status).toEqual({ code: 0, output: expect.stringMatching(/^node\tbox\/scheduler, .*\nphase\tready/) });

  const plan = await type('bin/jetpack converge --plan --home .state/box/nodes/execute-1').ended;
  expect(plan).toEqual({ code: 0, output: expect.stringMatching(/^project\t.*\tstate\n(.*\thas run\n){4}$/) });
  const rerun = await type('bin/jetpack converge --rerun-scripts --home .state/box/nodes/execute-1').ended;
  expect(rerun).toEqual({ code: 0, output: expect.stringMatching(/\nconverged: 4 scripts ran, in .*\n$/) });
  const seen = await type('bin/jetpack config demo --json --home .state/box/nodes/execute-1').ended;
  expect({ ...seen, output: JSON.parse(seen.output) as unknown }).toEqual({ code: 0, output: { min_free_mib: 10, queues: expect.any(Object), slots: 4 } });

  const [, URL = ''] = await cluster.prints(/\nAPI +(http:\/\/[^/\s]+)\/api\/nodes/);
  expect(await type(settingByCurl, { URL }).ended).toEqual({ code: 0, output: expect.stringContaining('"targets":["execute-1"]') });
  await cluster.prints(/execute-1 {2}INFO {3}command \S+ done: demo\.min_free_mib is set/);
  const health = await type('bin/jetpack health --run --home .state/box/nodes/execute-1').ended;
  expect(health).toEqual({ code: 1, output: expect.stringMatching(/^disk-space\.sh\s+Error\s.*at least 999999999 are wanted\nasks the server to end this node: /m) });
  await cluster.prints(/execute-1 {2}ERROR {2}would terminate: disk-space\.sh/);

  const kept = await type("bin/jetpack keepalive 2h --reason 'looking around' --home .state/box/nodes/execute-1").ended;
  expect(kept).toEqual({ code: 0, output: expect.stringMatching(/^kept alive until .*: looking around\n$/) });
  await cluster.prints(/execute-1 is kept alive until .*: looking around/);
  await cluster.prints(/execute-1 {2}INFO {3}termination withdrawn: disk-space\.sh: a keepalive holds/);
  expect(await cluster.interrupt()).toContain('3 of 3 nodes ready');
}, 120_000);

test('npm start -- --break --until-ready ends with the card of the script that failed and exit code 1', async () => {
  const { code, output } = await type('npm start -- --break --until-ready').ended;
  expect({ code, output }).toMatchObject({ code: 1 });
  expect(output).toContain('Failed to execute cluster-init script');
  expect(output).toContain('demo.break is set, so this node does not join');
  expect(output).toContain('npm start: execute-2 failed: script 20-join.py of demo/execute ended with exit code 3 (script_failed)\n');
}, 90_000);

test('npm run docs finds nothing to write', async () => {
  const { code, output } = await type('npm run docs').ended;
  expect(code).toBe(0);
  expect(output).not.toContain('written');
}, 60_000);

test('no command that is to be typed here was left out', () => {
  expect([...typed].toSorted()).toEqual(provedBy('unit').toSorted());
});
