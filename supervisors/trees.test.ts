// The two trees with their actors, over a broker in this process: what the actors promise together.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ManualBootClock } from '../effects/manual-boot-clock.ts';
import { seededRandom } from '../effects/random.ts';
import type { SpooledRequest } from '../protocol/local.ts';
import { JetpackError } from '../protocol/errors.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { LocalSockets } from '../actors/node/gateway/gateway.ts';
import { fakeConfig, fakeConverge, fakeEndScripts, fakeHealthcheck, fakeKeepalive } from '../actors/node/testing/fake-machine.ts';
import { MemoryOutbox } from '../actors/node/testing/memory-outbox.ts';
import { MemoryState } from '../actors/node/testing/memory-state.ts';
import type { Reply } from '../actors/ref.ts';
import type { ListeningApi } from '../actors/server/api.ts';
import { Configurations } from '../actors/server/configurations.ts';
import type { NodeView } from '../actors/server/roster.ts';
import { MemoryStore } from '../actors/server/testing/memory-store.ts';
import { FakeTransport } from '../actors/testing/fake-transport.ts';
import { frame, newId, stream } from '../actors/testing/frames.ts';
import { wires, type Wire } from '../actors/testing/wires.ts';
import { createWorld, settle, until, type World } from '../actors/testing/world.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createEmbeddedBroker } from '../transport/embedded/broker.ts';
import type { Transport } from '../transport/port.ts';
import { namesFor, nodeQueue, nodeTopology, serverTopology } from '../transport/topology.ts';
import { escalation } from './escalation.ts';
import { nodeRefs, nodeTree, type NodePorts } from './node-tree.ts';
import { serverRefs, serverTree, type ServerPorts } from './server-tree.ts';
import { startSupervisor, type RunningSupervisor } from './supervisor.ts';

const prefix = 'test';
const names = namesFor(prefix);

const running: Array<{ readonly world: World; readonly root: RunningSupervisor }> = [];

afterEach(async () => {
  for (const { root, world } of running.splice(0)) {
    const drained = root.drain();
    for (let turn = 0; turn < 20; turn += 1) await world.clock.advance(1_000).then(() => settle(5));
    await drained;
    world.system.stop();
  }
});

interface Overrides {
  readonly transport?: () => Transport;
  readonly sockets?: () => Promise<Result<LocalSockets>>;
  readonly listener?: () => Promise<ListeningApi>;
}

const nothing = (): void => undefined;
const nothingYet = (): Promise<void> => Promise.resolve();

/** A tree at work: what it did with what it owns, and how it gave up. */
const watchTree = (world: World, tree: Parameters<typeof startSupervisor>[1], deeds: string[]) => {
  const escalations: unknown[] = [];
  const restarts: string[] = [];
  const root = startSupervisor(world.system, tree, {
    onEvent: (event) => {
      if (event.type === 'restarted') restarts.push(event.path);
      if (event.type === 'stopped') deeds.push(`${event.path} stopped`);
    },
    onEscalate: (error) => void escalations.push(error),
  });
  running.push({ world, root });
  return { deeds, escalations, restarts, root };
};

const startNode = (world: World, { sockets = () => Promise.resolve(ok({ drain: nothingYet, close: nothingYet })), transport = () => new FakeTransport() }: Overrides = {}, node = 'n1') => {
  const { clock, system } = world;
  const address = { cluster: 'lab', node };
  const random = seededRandom(1);
  const outbox = new MemoryOutbox();
  outbox.begin(newId());
  const state = new MemoryState();
  const around = { clock, random, logger: system.logger, metrics: createMetrics(clock) };
  const deeds: string[] = [];
  const ports: NodePorts = {
    transport: { open: transport, commandQueue: nodeQueue(prefix, address), ...around },
    messaging: { outbox, state, destination: { address, reportsExchange: names.reports, userExchange: names.user }, ...around },
    config: { ...fakeConfig(), state, ...around },
    keepalive: { ...fakeKeepalive(), bootClock: new ManualBootClock(clock), state, ...around },
    healthcheck: { ...fakeHealthcheck(), state, ...around },
    converge: { ...fakeConverge(), state, ...around },
    lifecycle: { scripts: fakeEndScripts, bootClock: new ManualBootClock(clock), state, ...around },
    status: { identity: { ...address, version: '1.0.0', answersAs: '8.10.0-10000' }, broker: () => 'connected', product: () => undefined, outbox: () => outbox.depth() },
    sync: {
      state,
      address,
      facts: { instanceId: 'i', hostname: node, version: '1.0.0', pid: 1 },
      reportsExchange: names.reports,
      outboxRows: () => outbox.depth().rows,
      brokerTrouble: () => undefined,
      times: { heartbeatMs: 200, registerAgainMs: 20 },
      bootClock: new ManualBootClock(clock),
      ...around,
    },
    gateway: { openSockets: sockets, openHttp: () => new Promise(() => undefined), logger: system.logger, drainSpool: () => ({ close: nothingYet }), inspect: () => system.inspect(), host: { nameNow: () => node, changed: nothing }, clock, onOpen: nothing },
  };
  const refs = nodeRefs(system);
  const watched = watchTree(world, nodeTree(refs, ports), deeds);
  system.tell(refs.sync, { type: 'started', reply: () => undefined });
  const accept = async (message: string): Promise<boolean> => {
    const request: SpooledRequest = { verb: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message };
    const asked = await system.ask(refs.messaging, (reply: Reply<Result<void>>) => ({ type: 'accept', request, reply }) as const, { timeoutMs: 10_000 });
    return asked.ok && asked.value.ok;
  };
  return { ...watched, accept, outbox, refs };
};

const startServer = (world: World, { listener = () => Promise.resolve({ url: 'http://s', close: nothingYet }), transport = () => new FakeTransport() }: Overrides = {}) => {
  const { clock, system } = world;
  const store = new MemoryStore();
  const configurations = new Configurations(new Map(), store);
  const random = seededRandom(2);
  const around = { clock, random, logger: system.logger, metrics: createMetrics(clock) };
  const ports: ServerPorts = {
    roster: { serverName: 's', records: () => store.nodes(), rolesOf: (node) => configurations.rolesOf(node), identityOf: () => undefined, lookMs: 100, ...around },
    orchestrator: { store, templates: new Map(), configurations, ...around },
    events: { store, eventLog: { position: 0, write: nothing }, reportsQueue: names.events, ...around },
    transport: { open: transport, queues: { reports: names.events, presence: names.presence }, commandsExchange: names.commands, identities: undefined, ...around },
    enrolment: { store, admin: undefined, userOf: () => '', broker: { prefix, urls: [] }, ...around },
    api: { open: listener, onListening: nothing, logger: system.logger },
  };
  const refs = serverRefs(system);
  const nodes = async (): Promise<readonly NodeView[]> => {
    const asked = await system.ask(refs.roster, (reply: Reply<readonly NodeView[]>) => ({ type: 'list', reply }) as const, { timeoutMs: 1_000 });
    return asked.ok ? asked.value : [];
  };
  return { ...watchTree(world, serverTree(refs, ports), []), nodes, refs, store };
};

describe.each(wires)('node and server over $name', ({ over }: Wire) => {
  const startBoth = () => {
    const world = createWorld();
    const { clock } = world;
    const broker = createEmbeddedBroker({ clock });
    const server = startServer(world, { transport: () => over(broker.connect({ name: 'server', topology: serverTopology(prefix) }), clock) });
    const address = { cluster: 'lab', node: 'n1' };
    const node = startNode(world, { transport: () => over(broker.connect({ name: 'node', topology: nodeTopology(prefix, address) }), clock) });
    return { clock, node, server, world };
  };

  test('everything that was accepted is stored once and in order, and then the outbox is empty', async () => {
    const { clock, node, server } = startBoth();
    const sent = Array.from({ length: 60 }, (_, index) => `${index}`);
    for (const message of sent) {
      expect(await node.accept(message)).toBe(true);
      await clock.advance(3);
    }
    await until(clock, 'the outbox is empty', () => node.outbox.depth().rows === 0);
    expect(server.store.log.filter(({ kind }) => kind === 'log').map(({ message }) => message)).toEqual(sent);
    expect([node.restarts, server.restarts]).toEqual([[], []]);
  });

  test('the node is ready and online, and stays so', async () => {
    const { clock, server } = startBoth();
    let views: readonly NodeView[] = [];
    const look = (): boolean => {
      void server.nodes().then((nodes) => (views = nodes));
      return views.some(({ link, phase }) => link === 'online' && phase === 'ready');
    };
    await until(clock, 'it is ready and online', look);
    await clock.advance(3_000);
    views = [];
    await until(clock, 'it is still', look);
    expect(views).toMatchObject([{ cluster: 'lab', node: 'n1', hostname: 'n1', instanceId: 'i' }]);
  });
});

describe('the tree of a node', () => {
  test('is ended from what comes in to what goes out', async () => {
    const { deeds, root } = startNode(createWorld());
    await settle();
    await root.drain();
    const order = ['gateway', 'sync', 'lifecycle', 'config', 'converge', 'healthcheck', 'keepalive', 'messaging', 'transport'];
    expect(deeds).toEqual([...order.map((name) => `node/${name} stopped`), 'node stopped']);
  });

  test('begins its transport anew after a crash, and the others go on', async () => {
    const transports: FakeTransport[] = [];
    const world = createWorld();
    const { restarts } = startNode(world, {
      transport: () => {
        transports.push(new FakeTransport());
        if (transports.length === 1) transports[0]!.refusal = new Error('a defect');
        return transports.at(-1)!;
      },
    });
    await settle();
    await world.clock.advance(100);
    await settle();
    expect([restarts, transports.map(({ ends }) => ends)]).toEqual([['node/transport'], [['close'], []]]);
  });

  test('gives up at once, and once, when the broker refuses for good, with its reason', async () => {
    const transport = new FakeTransport();
    const world = createWorld();
    const { escalations, restarts } = startNode(world, { transport: () => transport });
    await settle();
    transport.tell({ type: 'failed', code: 'broker_credentials', reason: 'amqp://b:5672/ refuses the user name or password' });
    transport.tell({ type: 'failed', code: 'broker_credentials', reason: 'again' });
    for (let turn = 0; turn < 5; turn += 1) await world.clock.advance(1_000).then(() => settle());
    expect([escalations.map(escalation), restarts]).toEqual([[fail('broker_credentials', 'amqp://b:5672/ refuses the user name or password').error], []]);
  });

  test('gives up with the code of what fails again and again', async () => {
    const world = createWorld();
    const { escalations, restarts } = startNode(world, { sockets: () => Promise.resolve(fail('home_unusable', 'run/ is read-only')) });
    await until(world.clock, 'it gives up', () => escalations.length > 0);
    expect([escalations.map(escalation), restarts]).toEqual([[fail('home_unusable', 'run/ is read-only').error], Array(5).fill('node/gateway')]);
  });
});

describe('the tree of a server', () => {
  test('is ended from what comes in to what goes out', async () => {
    const { deeds, root } = startServer(createWorld());
    await settle();
    await root.drain();
    expect(deeds).toEqual(['server/api stopped', 'server/enrolment stopped', 'server/transport stopped', 'server/events stopped', 'server/orchestrator stopped', 'server/roster stopped', 'server stopped']);
  });

  test('gives up at once, and once, when the broker refuses for good, with its reason', async () => {
    const transport = new FakeTransport();
    const world = createWorld();
    const { escalations, restarts } = startServer(world, { transport: () => transport });
    await settle();
    transport.tell({ type: 'failed', code: 'topology_mismatch', reason: 'queue q exists with other arguments' });
    for (let turn = 0; turn < 5; turn += 1) await world.clock.advance(1_000).then(() => settle());
    expect([escalations.map(escalation), restarts]).toEqual([[fail('topology_mismatch', 'queue q exists with other arguments').error], []]);
  });

  test('gives up at once, with that reason, when another server has its store (row 21)', async () => {
    const world = createWorld();
    const { escalations, refs, restarts, store } = startServer(world);
    store.applyBatch = async () => fail('store_fenced', 'its epoch is 2');
    await settle();
    const arrived = {
      type: 'frame',
      frame: { ...frame('events', { stream, lane: 'report', entries: [{ sequence: 1, event: {} }] }), from: { cluster: 'lab', node: 'n1' } },
      bytes: 500,
      clockOffsetMs: 0,
      delivery: { exchange: names.reports, routingKey: 'events.lab.n1', queue: names.events, redelivered: false },
      publication: undefined,
      reply: nothing,
    } as const;
    world.system.tell(refs.events, arrived);
    await until(world.clock, 'it gives up', () => escalations.length > 0);
    expect([escalations.map(escalation), restarts]).toEqual([[fail('store_fenced', 'its epoch is 2').error], []]);
  });

  test('tries a taken port again, then gives up with its code', async () => {
    const world = createWorld();
    const { escalations, restarts } = startServer(world, { listener: () => Promise.reject(new JetpackError('port_unavailable', 'in use')) });
    await until(world.clock, 'it gives up', () => escalations.length > 0);
    expect([escalations.map(escalation), restarts]).toEqual([[fail('port_unavailable', 'in use').error], Array(5).fill('server/api')]);
  });
});

test('a crash without a code is a defect, told in its own words', () => {
  expect([new TypeError('x is not a function'), 'thrown text'].map(escalation)).toEqual([
    fail('internal', 'x is not a function').error,
    fail('internal', 'not an error: string').error,
  ]);
});
