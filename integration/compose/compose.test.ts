// Types the README's commands of containers, in the order in which a person would.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { startCollector, type Collector } from '../../telemetry/testing/collector.ts';
import { provedBy } from '../docs/commands.ts';
import { addressForContainers, Composed, nodes, services } from './composed.ts';

const secret = 'secret-of-whoever-builds';
/** A test waits for conditions; these only end what hangs for good, on a machine with much else to do. */
const waitMs = 240_000;
const testMs = 600_000;

let composed: Composed;
let collector: Collector;
beforeAll(async () => {
  collector = await startCollector(200, await addressForContainers());
  composed = await Composed.prepare({ traces: collector.endpoint });
  writeFileSync(path.join(composed.copy.folder, '.env'), `UNUSED=${secret}\n`, { mode: 0o600 });
}, testMs);
afterAll(async () => {
  await composed?.dispose();
  await collector?.close();
}, testMs);

const typed = new Set<string>();
const type = async (command: string): Promise<string> => {
  typed.add(command);
  const { code, output } = await composed.type(command).ended;
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`);
  return output;
};

interface Roster {
  readonly nodes: ReadonlyArray<{ readonly node: string; readonly phase: string; readonly link: string }>;
}

const get = async (at: string): Promise<unknown> => (await fetch(new URL(at, composed.apiUrl))).json();

/** As `waitFor`, and what the containers wrote is with the failure. */
const waitForContainers: typeof waitFor = async (...args) => {
  try {
    return await waitFor(...args);
  } catch (error) {
    throw new Error(`${String(error)}\n${await composed.logs()}`, { cause: error });
  }
};

const allReady = () =>
  waitForContainers(
    'three nodes to be ready',
    async () => {
      const { nodes: roster } = (await get('/api/nodes')) as Roster;
      return roster.filter(({ link, phase }) => phase === 'ready' && link === 'online').length === 3 && roster.map(({ node }) => node).toSorted();
    },
    waitMs,
  );

/** How often a message is in the event log, once it is there. */
const stored = (node: string, message: string) =>
  waitForContainers(
    `'${message}' in the event log`,
    async () => {
      const { events } = (await get(`/api/events?limit=1000&cluster=demo&node=${node}`)) as { readonly events: ReadonlyArray<{ readonly message?: string }> };
      return events.filter((event) => event.message === message).length || false;
    },
    waitMs,
  );

test('docker compose up -d builds the image and brings a cluster whose three nodes converge the example and are ready', async () => {
  await type('docker compose up -d');
  expect(await allReady()).toEqual(['execute-1', 'execute-2', 'scheduler']);
  for (const service of services) {
    await waitForContainers(`${service} to be healthy`, async () => (await composed.inspect(service)).State.Health?.Status === 'healthy', waitMs);
  }
}, testMs);

test("jetpack in a node's container tells of the node, and what it logs is in the event log", async () => {
  expect(await type('docker compose exec execute-1 jetpack status')).toMatch(/^node\s+demo\/execute-1, .*\nphase\s+ready/);
  await type("docker compose exec execute-1 jetpack log 'hello from a container'");
  expect(await stored('execute-1', 'hello from a container')).toBe(1);
}, testMs);

test('what a jetpack in a container logs leaves one trace, from the command over the daemon to the server, at the endpoint for traces', async () => {
  const [traceId, spanId] = ['c'.repeat(32), 'c'.repeat(16)];
  const logged = await composed.type(`docker compose exec -e TRACEPARENT=00-${traceId}-${spanId}-01 scheduler jetpack log 'traced'`).ended;
  expect(logged).toMatchObject({ code: 0 });
  const named = (name: string) => collector.spans().find((span) => span.traceId === traceId && span.name === name);
  const names = ['jetpack log', 'jetpackd/log', 'accept log', 'process jetpack.events'];
  const way = await waitForContainers('the whole trace', () => {
    const spans = names.flatMap((name) => named(name) ?? []);
    return spans.length === names.length && spans;
  }, waitMs);
  expect(way.map(({ service }) => service)).toEqual(['jetpack', 'jetpackd', 'jetpackd', 'cycle-server']);
  expect(way.map(({ parentSpanId }) => parentSpanId)).toEqual([spanId, ...way.slice(0, -1).map((span) => span.spanId)]);
  expect(way.slice(1).map(({ resource }) => resource['service.instance.id'])).toEqual(['scheduler', 'scheduler', 'cycle-server']);
}, testMs);

test('what is logged while the broker starts anew is stored, once', async () => {
  const restart = composed.type('docker compose restart rabbitmq');
  await waitFor('the broker to be away', async () => (await fetch(new URL('/healthz', composed.apiUrl))).status === 503, waitMs);
  const logged = await composed.type("docker compose exec execute-2 jetpack log 'while the broker was away'").ended;
  expect(logged).toMatchObject({ code: 0 });
  expect(await restart.ended).toMatchObject({ code: 0 });
  expect(await stored('execute-2', 'while the broker was away')).toBe(1);
  await allReady();
}, testMs);

test('no program of ours runs as root or has or can gain a capability, nothing is privileged, and ports are those of 127.0.0.1', async () => {
  for (const service of ['cycle-server', ...nodes]) {
    expect(await composed.type(`docker compose exec ${service} id -un`).ended).toEqual({ code: 0, output: 'jetpack\n' });
    expect((await composed.inspect(service)).HostConfig).toMatchObject({ CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges:true'] });
  }
  for (const service of services) {
    const { HostConfig } = await composed.inspect(service);
    expect(HostConfig).toMatchObject({ Privileged: false, Init: true, RestartPolicy: { Name: 'unless-stopped' } });
    const addresses = Object.values(HostConfig.PortBindings).flatMap((bindings) => bindings.map(({ HostIp }) => HostIp));
    expect(new Set(addresses)).toEqual(new Set(addresses.length === 0 ? [] : ['127.0.0.1']));
  }
}, testMs);

test('the image has the programs and nothing of .env, tests or Git', async () => {
  const found = await composed.type(`docker compose exec cycle-server grep -rlsE '${secret}' /opt/jetpack --exclude-dir=node_modules`).ended;
  expect(found).toEqual({ code: 1, output: '' });
  const { output } = await composed.type('docker compose exec cycle-server ls -A /opt/jetpack').ended;
  expect(output.split('\n')).toEqual(expect.arrayContaining(['bin', 'node', 'server']));
  expect(output).not.toMatch(/\.env|\.git|integration|node_modules\.tar/);
});

test('after docker compose down, the next up has all that was known', async () => {
  await type('docker compose down');
  await type('docker compose up -d');
  await allReady();
  expect(await stored('execute-1', 'hello from a container')).toBe(1);
}, testMs);

test('no command that is to be typed here was left out', () => {
  expect([...typed].toSorted()).toEqual(provedBy('compose').toSorted());
});
