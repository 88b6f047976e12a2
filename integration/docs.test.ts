// Types the commands of the documents that need a broker: as they stand there, but for the broker's address and a folder.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import path from 'node:path';
import { waitFor } from '../effects/testing/wait-for.ts';
import { borrowAny } from './broker/find.ts';
import type { SharedBroker } from './broker/shared/shared-broker.ts';
import { provedBy } from './docs/commands.ts';
import { RepositoryCopy, type TypedCommand } from './docs/repository-copy.ts';

let broker: SharedBroker;
let copy: RepositoryCopy;
beforeAll(async () => {
  copy = new RepositoryCopy();
  broker = await borrowAny();
}, 150_000);
afterEach(() => copy.endAll());
afterAll(async () => {
  await copy.dispose();
  await broker.dispose();
});

const typed = new Set<string>();
const type = (command: string): TypedCommand => {
  typed.add(command);
  const here = command.replace(/amqp:\/\/(?:guest:guest@127\.0\.0\.1|jetpack:s3cret@broker):5672/, broker.url()).replace('/opt/', `${copy.folder}/opt/`);
  return copy.type(here, { JETPACK_HOME: path.join(copy.folder, 'opt', 'cycle', 'jetpack'), CYCLE_SERVER_LISTEN: '127.0.0.1:0' });
};

test('npm start on a RabbitMQ is ready with all nodes, and Ctrl-C ends it with a summary', async () => {
  const cluster = type('npm start -- --amqp amqp://guest:guest@127.0.0.1:5672');
  await cluster.prints(/phase ready/, 3);
  const output = await cluster.interrupt();
  expect(output).toMatch(/3 of 3 nodes ready, \d+ events stored/);
  expect(output).toMatch(/scheduler ready after .* execute-\d after .* execute-\d after /);
}, 120_000);

test('a server and a daemon started as the README says find each other, and the API answers as it says', async () => {
  const server = type('JETPACK_AMQP_URL=amqp://jetpack:s3cret@broker:5672 bin/cycle-server --home /opt/cycle_server');
  const [, url = ''] = await server.prints(/cycle-server listens on (\S+)/);
  const daemon = type('JETPACK_AMQP_URL=amqp://jetpack:s3cret@broker:5672 bin/jetpackd --cluster demo --node execute-1');
  await daemon.prints(/jetpackd serves \S+\/opt\/cycle\/jetpack as demo\/execute-1/);
  const get = async (at: string): Promise<unknown> => (await fetch(new URL(at, url))).json();
  const roster = await waitFor('the node to be ready', async () => {
    const answer = await get('/api/nodes');
    return JSON.stringify(answer).includes('"ready"') && answer;
  });
  expect(roster).toMatchObject({ nodes: [{ cluster: 'demo', node: 'execute-1', phase: 'ready', link: 'online' }] });
  expect(await get('/healthz')).toMatchObject({ status: 'ok', broker: 'connected', product: broker.name });
  const first = await get('/api/events?after=0&limit=2&cluster=demo&node=execute-1&priority=low');
  expect(first).toMatchObject({ events: [{ kind: 'node' }, { message: 'phase starting' }], next: 2 });
  // A server without a template has nothing to converge.
  const { events } = (await get('/api/events?after=2')) as { readonly events: ReadonlyArray<{ readonly message: string }> };
  const messages = events.map(({ message }) => message);
  expect(messages).toContain('converge succeeded: 0 scripts');
  expect(messages.filter((message) => message.startsWith('phase '))).toEqual(['phase converging', expect.stringMatching(/^phase ready/)]);
  await daemon.interrupt();
  await server.interrupt();
}, 120_000);

test('no command that is to be typed here was left out', () => {
  expect([...typed].toSorted()).toEqual(provedBy('integration').toSorted());
});
