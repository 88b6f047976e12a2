// Types the commands of the documents that need nothing but the repository.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { provedBy } from '../integration/docs/commands.ts';
import { RepositoryCopy, type TypedCommand } from '../integration/docs/repository-copy.ts';

let copy: RepositoryCopy;
beforeAll(() => {
  copy = new RepositoryCopy();
});
afterAll(() => copy.dispose());

const typed = new Set<string>();
const type = (command: string): TypedCommand => {
  typed.add(command);
  return copy.type(command);
};

test('npm start runs a cluster that answers the commands of the README, and Ctrl-C ends it with a summary', async () => {
  const cluster = type('npm start');
  await cluster.prints(/phase ready/, 3);
  expect(await type("bin/jetpack log 'system is now ready' --home .state/box/nodes/scheduler").ended).toEqual({ code: 0, output: '' });
  await cluster.prints(/scheduler {2}INFO {3}system is now ready/);
  expect(await type('bin/jetpack config cyclecloud.node.name --home .state/box/nodes/scheduler').ended).toEqual({ code: 0, output: 'scheduler\n' });
  const status = await type('bin/jetpack status --home .state/box/nodes/scheduler').ended;
  expect(status).toEqual({ code: 0, output: expect.stringMatching(/^node +box\/scheduler, .*\nphase +ready/) });
  const kept = await type("bin/jetpack keepalive 2h --reason 'looking around' --home .state/box/nodes/execute-1").ended;
  expect(kept).toEqual({ code: 0, output: expect.stringMatching(/^kept alive until .*: looking around\n$/) });
  await cluster.prints(/execute-1 is kept alive until .*: looking around/);
  expect(await cluster.interrupt()).toContain('3 of 3 nodes ready');
}, 120_000);

test('npm start -- --break --until-ready ends with the card of the script that failed and exit code 1', async () => {
  const { code, output } = await type('npm start -- --break --until-ready').ended;
  expect({ code, output }).toMatchObject({ code: 1 });
  expect(output).toContain('Failed to execute cluster-init script');
  expect(output).toContain('demo.break is set, so this node does not join');
  expect(output).toContain('npm start: execute-2 failed: script 20-join.py of demo/execute ended with exit code 3\n');
}, 90_000);

test('npm run docs finds nothing to write', async () => {
  const { code, output } = await type('npm run docs').ended;
  expect(code).toBe(0);
  expect(output).not.toContain('written');
}, 60_000);

test('no command that is to be typed here was left out', () => {
  expect([...typed].toSorted()).toEqual(provedBy('unit').toSorted());
});
