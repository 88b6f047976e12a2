import { describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import type { Store } from '../actors/server/ports.ts';
import { lookUp } from '../commands/config-key.ts';
import { address, frame, newId, stream } from '../actors/testing/frames.ts';
import { settle } from '../actors/testing/world.ts';
import { lasts } from '../effects/testing/lasts.ts';
import { encodeFrame } from '../protocol/codec.ts';
import type { Configuration } from '../protocol/configuration.ts';
import type { Failure } from '../protocol/result.ts';
import { lockFile } from '../storage/file-lock.ts';
import { begin, clock, home, start, told, useDaemonStage } from './testing/daemon-stage.ts';

useDaemonStage();

const failureOf = ({ started }: ReturnType<typeof start>): Failure | undefined => (started.ok ? undefined : started.error);

describe('a home', () => {
  test('is served by one server at a time', async () => {
    const { server } = await begin();
    expect(failureOf(start())).toMatchObject({ code: 'already_running' });
    await lasts(clock, server.stop());
    await begin();
  });

  test('whose store cannot be opened is let go again, and says which file it is', async () => {
    const store = path.join(home, 'store.db');
    const held = lockFile(store);
    expect(failureOf(start())).toMatchObject({ code: 'store_unwritable', message: expect.stringContaining(store) });
    held?.release();
    await begin();
  });

  test('with a damaged store is served with a fresh one; the old one is kept, and the log says where and why', async () => {
    writeFileSync(path.join(home, 'store.db'), 'not a database '.repeat(1_000));
    const { log } = await begin();
    const [line] = log.lines;
    expect(line).toMatch(/^error: the store was set aside as .+store\.db.+: .{5,}/);
    const [, kept] = /set aside as ([^:]+): /.exec(line ?? '') ?? [];
    expect(readdirSync(home)).toContain(path.basename(kept ?? ''));
  });
});

/** Writes the template of cluster lab. */
const writeTemplate = (template: object): void => {
  mkdirSync(path.join(home, 'clusters'), { recursive: true });
  writeFileSync(path.join(home, 'clusters', 'lab.json'), JSON.stringify(template));
};

/** What a server that begins now tells node n1, on a machine of this id, that registers. */
const configurationOf = async (instanceId: string): Promise<Configuration> => {
  const { server, transport } = await begin();
  transport.connect();
  const register = frame('register', { instanceId, hostname: 'h', version: '1', wire: { min: 1, max: 1 } }, { from: address });
  await lasts(clock, transport.deliver('test.presence', encodeFrame(register), { routingKey: 'presence.lab.n1.register' }));
  const { body } = await told(transport, 'configuration');
  // Publishes that are never answered do not hold up the end.
  for (const { answer } of transport.published) answer('confirmed');
  await lasts(clock, server.stop());
  return body;
};

describe('a home with templates', () => {
  test('is served by what they say, and each start with another template is another revision', async () => {
    const revisions: unknown[] = [];
    for (const limit of [1, 1, 2]) {
      writeTemplate({ configuration: { demo: { limit } }, nodes: { 'n*': { roles: ['execute'] } } });
      revisions.push(await configurationOf('i').then(({ revision, tree: { demo, roles } }) => [revision, { demo, roles }]));
    }
    const tree = (limit: number): object => ({ demo: { limit }, roles: ['execute'] });
    expect(revisions).toEqual([[2, tree(1)], [2, tree(1)], [3, tree(2)]]);
  });

  test('gives a cluster and a node an id for good, and another machine of the same name another one', async () => {
    const [first, again, other] = [await configurationOf('i'), await configurationOf('i'), await configurationOf('other')].map(({ tree }) => tree['cyclecloud']);
    const id = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(first).toEqual({ cluster: { id }, node: { id } });
    expect(again).toEqual(first);
    expect(other).toMatchObject({ cluster: { id: lookUp({ first: first ?? null }, 'first.cluster.id') }, node: { id } });
    expect(other).not.toEqual(first);
  });

  test.each<readonly [string, object]>([
    ['clusters/lab.json is wrong at nodes.n1.roles: ', { nodes: { n1: { roles: 'execute' } } }],
    ['clusters: cluster lab: the configuration takes ', { configuration: { k: 'v'.repeat(1024 * 1024) } }],
  ])('of which one cannot be used is not served, with one line that says why, and let go again: "%s"', async (line, template) => {
    writeTemplate(template);
    expect(failureOf(start())).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(line) });
    writeTemplate({});
    await begin();
  });
});

describe('a server', () => {
  test('declares what servers share, and has one actor for each part', async () => {
    const { server, topologies } = await begin();
    expect(topologies.map(({ queues }) => queues.map(({ name }) => name))).toEqual([['test.events', 'test.presence', 'test.dead']]);
    expect(server.inspect().map((actor) => [actor.path, actor.state])).toEqual(['transport', 'roster', 'orchestrator', 'events', 'enrolment', 'api'].map((name) => [`server/${name}`, 'running']));
  });

  test('says that it is well while the broker is connected', async () => {
    const { transport, url } = await begin();
    const health = async (): Promise<readonly unknown[]> => {
      const response = await fetch(`${url}/healthz`);
      return [response.status, await response.json()];
    };
    expect(await health()).toEqual([503, { status: 'failing', broker: 'connecting', events: 0 }]);
    transport.connect();
    expect(await health()).toEqual([200, { status: 'ok', broker: 'connected', product: 'fake', events: 0 }]);
  });

  test('writes every event it stores into the event log, and gives it to who asks', async () => {
    const { server, transport, url } = await begin();
    const event = { kind: 'log', id: newId(), at: 0, level: 'warn', priority: 'high', message: 'disk nearly full' };
    const sent = frame('events', { stream, lane: 'report', entries: [{ sequence: 1, event }] }, { from: address });
    const settled = transport.deliver('test.events', encodeFrame(sent), { routingKey: 'events.lab.n1' });
    await lasts(clock, settled);
    expect(await settled).toBe('ack');
    expect(await (await fetch(`${url}/api/events?after=0`)).json()).toMatchObject({ next: 1, events: [{ position: 1, node: 'n1', message: 'disk nearly full', level: 'warn' }] });
    await lasts(clock, server.stop());
    expect(readFileSync(path.join(home, 'cycle_server.log'), 'utf8')).toMatch(/WARN.*lab\/n1 disk nearly full\n$/i);
  });

  test('that the broker refuses for good says so once, with the code, and can be stopped', async () => {
    const { log, server, transport } = await begin();
    transport.tell({ type: 'failed', code: 'topology_mismatch', reason: 'queue test.events exists with other arguments' });
    const told: Failure[] = [];
    void server.escalated.then((failure) => told.push(failure));
    await lasts(clock, server.escalated);
    await settle();
    expect(told).toEqual([{ code: 'topology_mismatch', message: 'queue test.events exists with other arguments' }]);
    expect(log.lines.filter((line) => line.includes('gives up'))).toEqual(['error: server gives up']);
    expect(await lasts(clock, server.stop())).toBeLessThan(1_000);
  });

  test('whose port is taken tries again and then gives up, with the address and the code', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => void other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { started } = start({}, port);
    if (!started.ok) throw new Error(started.error.message);
    await lasts(clock, started.value.escalated);
    expect(await started.value.escalated).toMatchObject({ code: 'port_unavailable', message: expect.stringContaining(`127.0.0.1:${port}`) });
    other.close();
  });
});

describe('a stop', () => {
  test('is the same one however often it is asked for, and ends everything', async () => {
    const { server, transport, url } = await begin();
    const stop = server.stop();
    expect(server.stop()).toBe(stop);
    await lasts(clock, stop);
    expect(transport.ends).toEqual(['drain', 'close']);
    expect(server.inspect().map(({ state }) => state)).toEqual(Array(6).fill('stopped'));
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    expect(clock.armed).toBe(0);
  });

  test('ends in time also when the broker never answers again', async () => {
    const { server, transport } = await begin();
    transport.drain = () => new Promise(() => undefined);
    transport.close = () => new Promise(() => undefined);
    expect(await lasts(clock, server.stop())).toBeLessThan(5_000);
  });

  test('lets the home go also when the store cannot be closed, and tells', async () => {
    const broken = (store: Store): Store => ({
      ...store,
      close: async () => {
        await store.close();
        throw new Error('disk gone');
      },
    });
    const { log, server } = await begin({ overStore: broken });
    await lasts(clock, server.stop());
    expect(log.lines).toContain('error: the store could not be closed');
    await begin();
  });
});
