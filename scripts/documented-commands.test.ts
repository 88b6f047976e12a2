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

test('npm start runs a cluster that takes the message of the README, and Ctrl-C ends it with a summary', async () => {
  const cluster = type('npm start');
  await cluster.prints(/phase ready/, 3);
  expect(await type("bin/jetpack log 'system is now ready' --home .state/box/nodes/scheduler").ended).toEqual({ code: 0, output: '' });
  await cluster.prints(/scheduler {2}INFO {3}system is now ready/);
  expect(await cluster.interrupt()).toContain('3 of 3 nodes ready, 10 events stored');
}, 60_000);

test('npm start -- --for 5s ends by itself with a summary that names each node ready', async () => {
  const { code, output } = await type('npm start -- --for 5s').ended;
  expect({ code, output }).toMatchObject({ code: 0 });
  for (const node of ['scheduler', 'execute-1', 'execute-2']) expect(output).toContain(`  ${node}  ready  online\n`);
}, 60_000);

test('npm run docs finds nothing to write', async () => {
  const { code, output } = await type('npm run docs').ended;
  expect(code).toBe(0);
  expect(output).not.toContain('written');
}, 60_000);

test('no command that is to be typed here was left out', () => {
  expect([...typed].toSorted()).toEqual(provedBy('unit').toSorted());
});
