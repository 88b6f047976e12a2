import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../effects/random.ts';
import type { ClusterTemplate } from '../../protocol/cluster-template.ts';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import type { CommandRequest } from '../../protocol/command-request.ts';
import { fail } from '../../protocol/result.ts';
import type { FrameKind, FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { ActorRef, Reply } from '../ref.ts';
import { bodies, frame, newId } from '../testing/frames.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import type { CommandAnswer } from './command-orders.ts';
import { Configurations } from './configurations.ts';
import { orchestrator, type OrchestratorMessage } from './orchestrator.ts';
import type { AskNodes, NodeStanding } from './standings.ts';
import { MemoryOrders } from './testing/memory-orders.ts';
import type { AnswerNode } from './transport.ts';

let world: World;
afterEach(() => world.system.stop());

const at = (node: string, cluster = 'box'): NodeAddress => ({ cluster, node });

const template: ClusterTemplate = {
  configuration: { demo: { limit: 1 } },
  nodes: { scheduler: { roles: ['scheduler'] }, 'execute-*': { roles: ['execute'] } },
};

interface Beginning {
  readonly names?: readonly string[];
  readonly link?: NodeStanding['link'];
  readonly prepare?: (store: MemoryOrders) => void;
}

const begin = async ({ names = ['scheduler', 'execute-1', 'execute-2'], link = 'online', prepare = () => undefined }: Beginning = {}) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const store = new MemoryOrders(() => clock.now());
  prepare(store);
  const transport = probe<AnswerNode>(system, 'transport');
  const roster = probe<AskNodes>(system, 'roster');
  const templates = new Map([['box', template]]);
  const ports = {
    store,
    templates: new Map([['box', JSON.stringify(template)]]),
    configurations: new Configurations(templates, store),
    transport: transport.ref,
    roster: roster.ref,
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const watching = supervise('end');
  const spawn = () => system.spawn('orchestrator', orchestrator(ports), watching);
  const incarnation = spawn();
  const ref: ActorRef<OrchestratorMessage> = system.ref('orchestrator');
  const tell = async (message: OrchestratorMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  const standing = (node: string, phase = 'converging', how = link): NodeStanding => ({ ...at(node), phase, link: how });
  const stand = (node: string, phase?: string, how?: NodeStanding['link']) => tell({ type: 'nodes', nodes: [standing(node, phase, how)], all: false });
  const standAll = () => tell({ type: 'nodes', nodes: names.map((node) => standing(node)), all: true });
  await settle();
  await standAll();
  const give = async (request: Partial<CommandRequest> & Pick<CommandRequest, 'command'>, trace?: TraceContext): Promise<CommandAnswer> => {
    // The test says what its command needs; the rest is usual.
    const whole = { cluster: 'box', nodes: 'all', expiresInSeconds: 3_600, ...request } as CommandRequest;
    const asked = await system.ask(ref, (reply: Reply<CommandAnswer>) => ({ type: 'command', request: whole, reply }) as const, { timeoutMs: 1_000, trace });
    await settle();
    if (!asked.ok) throw new Error(asked.error.message);
    return asked.value;
  };
  /** Frames of a kind that were sent since the last time, each with the node it went to. */
  const sent = <K extends FrameKind>(kind: K): ReadonlyArray<readonly [string, FrameOf<K>]> => {
    const all = transport.received.filter((answer): answer is AnswerNode & { frame: FrameOf<K> } => answer.frame.kind === kind);
    for (const { frame } of all) expect(decodeFrame(encodeFrame(frame))).toMatchObject({ ok: true });
    transport.received.splice(0, transport.received.length, ...transport.received.filter(({ frame }) => frame.kind !== kind));
    return all.map(({ frame, to }) => [to.node, frame] as const);
  };
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await settle();
  };
  const registers = (node: string, configuration?: number) => tell({ type: 'registered', node: at(node), configuration });
  const beats = (node: string, configuration?: number) => tell({ type: 'heard', node: at(node), configuration });
  return { beats, clock, give, incarnation, log, pass, registers, roster, sent, spawn, stand, standAll, store, tell, transport, watching };
};

type Begun = Awaited<ReturnType<typeof begin>>;

const configured = ({ sent }: Begun): readonly unknown[] => sent('configuration').map(([node, { body }]) => [node, body.revision]);
const commanded = ({ sent }: Begun): readonly unknown[] => sent('command').map(([node, { body }]) => [node, body.name]);

describe('configuration', () => {
  test('waits for the revision that the templates bring, and then goes to who registered meanwhile', async () => {
    const order = Promise.withResolvers<void>();
    const begun = await begin({
      prepare: (store) => {
        const write = store.order.bind(store);
        store.order = async (change) => {
          if (change.type === 'templates') await order.promise;
          return write(change);
        };
      },
    });
    await begun.registers('execute-1');
    await begun.beats('execute-2');
    expect(configured(begun)).toEqual([]);
    order.resolve();
    await settle();
    expect(begun.sent('configuration').map(([node, { body }]) => [node, body])).toEqual([
      ['execute-1', { revision: 2, tree: { demo: { limit: 1 }, roles: ['execute'], cyclecloud: { cluster_init_specs: [] } } }],
    ]);
  });

  test('goes to a node at every registration, also when it has it already', async () => {
    const begun = await begin();
    await begun.registers('execute-1');
    await begun.registers('execute-1', 2);
    expect(configured(begun)).toEqual([['execute-1', 2], ['execute-1', 2]]);
  });

  test('goes to a node whose heartbeat names another revision or none, and to no other', async () => {
    const begun = await begin();
    await begun.beats('execute-1', 2);
    await begun.beats('execute-2', 1);
    await begun.beats('scheduler');
    expect(configured(begun)).toEqual([['execute-2', 2], ['scheduler', 2]]);
  });

  test('goes to nodes of a cluster without a template as well, so that they become ready', async () => {
    const begun = await begin();
    await begun.tell({ type: 'registered', node: at('n1', 'other'), configuration: undefined });
    expect(begun.sent('configuration').map(([node, { body }]) => [node, body])).toEqual([['n1', { revision: 2, tree: {} }]]);
  });

  test('of a node that names a higher revision has this store raised above it first', async () => {
    const begun = await begin();
    await begun.beats('execute-1', 41);
    await begun.registers('execute-2', 57);
    expect(configured(begun)).toEqual([['execute-1', 42], ['execute-2', 58]]);
    await begun.beats('execute-1', 42);
    expect(configured(begun)).toEqual([['execute-1', 58]]);
  });

  test('is not sent while the store cannot be raised, and is with a later heartbeat', async () => {
    const begun = await begin();
    begun.store.failWith = fail('store_unwritable', 'disk full').error;
    await begun.beats('execute-1', 41);
    expect(configured(begun)).toEqual([]);
    expect(begun.log.lines.at(-1)).toBe('warn: the revision could not be raised: disk full');
    begun.store.failWith = undefined;
    await begun.beats('execute-1', 41);
    expect(configured(begun)).toEqual([['execute-1', 42]]);
  });

  test('is not led by a node that names what no server can have given it', async () => {
    const begun = await begin();
    await begun.beats('execute-1', Number.MAX_SAFE_INTEGER);
    expect([begun.store.revision(), configured(begun)]).toEqual([2, []]);
    expect(begun.log.lines).toEqual([`warn: box/execute-1 names the revision ${Number.MAX_SAFE_INTEGER}, which no server gave it`]);
  });

  test('goes out also when the templates could not be kept, which is tried again', async () => {
    const begun = await begin({ prepare: (store) => (store.failWith = fail('store_unwritable', 'disk full').error) });
    expect(begun.log.lines).toEqual(['error: the templates could not be kept: disk full']);
    await begun.registers('execute-1');
    expect(configured(begun)).toEqual([['execute-1', 1]]);
    begun.store.failWith = undefined;
    await begun.pass(10_000);
    await begun.beats('execute-1', 1);
    expect(configured(begun)).toEqual([['execute-1', 2]]);
  });
});

describe('a command', () => {
  test('is in the store, answered with its nodes, and sent at once to those that are online', async () => {
    const begun = await begin();
    await begun.stand('execute-2', 'ready', 'silent');
    const answer = await begun.give({ command: 'converge', rerunScripts: true });
    expect(answer).toMatchObject({ outcome: 'ordered', targets: ['execute-1', 'execute-2', 'scheduler'] });
    const id = answer.outcome === 'ordered' ? answer.id : '';
    expect(begun.store.command(id)).toMatchObject({ id, name: 'converge', rerunScripts: true, targets: [{}, {}, {}] });
    expect(begun.sent('command').map(([node, { body, remainingMs }]) => [node, body, remainingMs])).toEqual(
      ['execute-1', 'scheduler'].map((node) => [node, { command: id, name: 'converge', rerunScripts: true }, 3_600_000]),
    );
  });

  test('may be for some nodes, each once', async () => {
    const begun = await begin();
    expect(await begun.give({ command: 'check', nodes: ['scheduler', 'execute-1', 'scheduler'] })).toMatchObject({ targets: ['execute-1', 'scheduler'] });
    expect(commanded(begun)).toEqual([['execute-1', 'check'], ['scheduler', 'check']]);
  });

  test('for a node or a cluster that is not known is refused, and nothing is written', async () => {
    const begun = await begin();
    const before = begun.store.ordered.length;
    expect(await begun.give({ command: 'check', nodes: ['scheduler', 'execute-9'] })).toEqual({ outcome: 'unknown', error: { code: 'request_invalid', message: 'there is no node execute-9 in cluster box' } });
    expect(await begun.give({ command: 'check', cluster: 'none' })).toMatchObject({ outcome: 'unknown', error: { message: 'there is no node in cluster none' } });
    expect(begun.store.ordered).toHaveLength(before);
  });

  test('is refused as busy while the roster has not told of its nodes', async () => {
    const begun = await begin();
    await begun.incarnation.end();
    begun.spawn();
    expect(await begun.give({ command: 'check' })).toMatchObject({ outcome: 'refused', error: { code: 'busy' } });
    expect(begun.roster.received).toEqual([{ type: 'nodes?' }, { type: 'nodes?' }]);
    await begun.standAll();
    expect(await begun.give({ command: 'check' })).toMatchObject({ outcome: 'ordered' });
  });

  test('under an id that is known answers the same and does nothing, whatever became of its nodes; other words are a conflict', async () => {
    const begun = await begin();
    const id = newId();
    const first = await begun.give({ command: 'check', id });
    commanded(begun);
    await begun.tell({ type: 'nodes', nodes: [], all: true });
    expect(await begun.give({ command: 'check', id })).toEqual(first);
    expect(commanded(begun)).toEqual([]);
    expect(await begun.give({ command: 'converge', id })).toMatchObject({ outcome: 'conflict', error: { code: 'request_invalid', message: `another command has the id ${id}` } });
    expect(begun.store.command(id)).toMatchObject({ name: 'check' });
  });

  test('that cannot be written is refused with the code, and not sent', async () => {
    const begun = await begin();
    begun.store.failWith = fail('store_unwritable', 'disk full').error;
    expect(await begun.give({ command: 'check' })).toEqual({ outcome: 'refused', error: { code: 'store_unwritable', message: 'disk full' } });
    expect(commanded(begun)).toEqual([]);
  });

  test('is sent again after growing pauses until its node has answered', async () => {
    const begun = await begin({ names: ['execute-1'] });
    const answer = await begun.give({ command: 'check' });
    expect(commanded(begun)).toHaveLength(1);
    await begun.pass(1_500);
    expect(commanded(begun)).toEqual([]);
    await begun.pass(1_500);
    expect(commanded(begun)).toHaveLength(1);
    await begun.pass(13_000);
    expect(commanded(begun)).toHaveLength(2);
    begun.store.answer(answer.outcome === 'ordered' ? answer.id : '', 'execute-1', 'accepted');
    await begun.pass(600_000);
    expect(commanded(begun)).toEqual([]);
  });

  test('waits for a node to be online, and is sent at once with its registration', async () => {
    const begun = await begin({ names: ['execute-1'], link: 'unheard' });
    await begun.give({ command: 'check' });
    await begun.pass(30_000);
    expect(commanded(begun)).toEqual([]);
    await begun.stand('execute-1', 'starting', 'online');
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('has expired when its time is over by the clock of this server: it is sent no more, and marked', async () => {
    const begun = await begin({ names: ['execute-1'], link: 'unheard' });
    const answer = await begun.give({ command: 'check', expiresInSeconds: 10 });
    const id = answer.outcome === 'ordered' ? answer.id : '';
    await begun.pass(9_000);
    expect(begun.store.targetState(id, 'execute-1')).toBe('pending');
    await begun.pass(2_000);
    expect(begun.store.targetState(id, 'execute-1')).toBe('expired');
    await begun.stand('execute-1', 'ready', 'online');
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([]);
  });

  test('that has expired while the store failed is marked later, and not sent meanwhile', async () => {
    const begun = await begin({ names: ['execute-1'] });
    const answer = await begun.give({ command: 'check', expiresInSeconds: 1 });
    commanded(begun);
    begun.store.failWith = fail('store_unwritable', 'disk full').error;
    await begun.pass(5_000);
    expect(commanded(begun)).toEqual([]);
    expect(begun.log.lines).toContain('warn: commands whose time is over could not be marked: disk full');
    begun.store.failWith = undefined;
    await begun.pass(2_000);
    expect(begun.store.targetState(answer.outcome === 'ordered' ? answer.id : '', 'execute-1')).toBe('expired');
  });

  test('is taken up again by a successor, as the store has it', async () => {
    const begun = await begin({ names: ['execute-1', 'execute-2'] });
    const answer = await begun.give({ command: 'check' });
    begun.store.answer(answer.outcome === 'ordered' ? answer.id : '', 'execute-2', 'done');
    commanded(begun);
    await begun.incarnation.end();
    begun.spawn();
    await settle();
    await begun.standAll();
    await begun.pass(1_000);
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('brings the trace of who gave it, also to a successor', async () => {
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const begun = await begin({ names: ['execute-1'] });
    await begun.give({ command: 'check' }, trace);
    await begun.incarnation.end();
    begun.spawn();
    await begun.standAll();
    await begun.pass(1_000);
    expect(begun.sent('command').map(([, sent]) => sent.trace)).toEqual([trace, trace]);
  });
});

describe('a setting', () => {
  test("goes with its node's whole configuration, in which it holds", async () => {
    const begun = await begin();
    await begun.give({ command: 'set', nodes: ['execute-1'], key: 'demo.limit', value: 5 });
    expect(begun.sent('command').map(([node, { body }]) => [node, body.key, body.configuration])).toEqual([
      ['execute-1', 'demo.limit', { revision: 3, tree: expect.objectContaining({ demo: { limit: 5 }, roles: ['execute'] }) }],
    ]);
    await begun.beats('scheduler', 2);
    expect(begun.sent('configuration')).toMatchObject([['scheduler', { body: { revision: 3, tree: { demo: { limit: 1 } } } }]]);
  });

  test('that is sent again goes with the newest configuration, and undoes nothing', async () => {
    const begun = await begin({ names: ['execute-1'] });
    await begun.give({ command: 'set', key: 'a', value: 'old' });
    await begun.give({ command: 'set', key: 'a', value: 'new' });
    begun.sent('command');
    await begun.pass(3_000);
    expect(begun.sent('command').map(([, { body }]) => body.configuration)).toMatchObject([{ revision: 4, tree: { a: 'new' } }, { tree: { a: 'new' } }]);
  });

  test('of a whole cluster reaches also nodes that come later, and may be made before the first', async () => {
    const begun = await begin({ names: [] });
    expect(await begun.give({ command: 'set', key: 'a', value: 1 })).toMatchObject({ outcome: 'ordered', targets: [] });
    await begun.registers('execute-7');
    expect(begun.sent('configuration')).toMatchObject([['execute-7', { body: { tree: { a: 1 } } }]]);
    expect(await begun.give({ command: 'check' })).toMatchObject({ outcome: 'unknown' });
    expect(await begun.give({ command: 'set', cluster: 'none', key: 'a', value: 1 })).toMatchObject({ outcome: 'unknown' });
  });

  test('that would make a configuration too large is refused with its code, measured against those before it', async () => {
    const begun = await begin();
    const value = 'v'.repeat(600_000);
    const [first, second] = await Promise.all([
      begun.give({ command: 'set', key: 'a', value }),
      begun.give({ command: 'set', key: 'b', nodes: ['execute-1'], value }),
    ]);
    expect(first).toMatchObject({ outcome: 'ordered' });
    expect(second).toMatchObject({ outcome: 'refused', error: { code: 'message_too_large' } });
    expect(begun.store.settings('box')).toHaveLength(1);
  });
});

describe('an orchestrator that crashes', () => {
  /** Holds commands up on their way into the store until `gate` opens. */
  const gated = () => {
    const gate = Promise.withResolvers<void>();
    const prepare = (store: MemoryOrders): void => {
      const write = store.order.bind(store);
      store.order = async (change) => {
        if (change.type === 'command') await gate.promise;
        return write(change);
      };
    };
    return { gate, prepare };
  };

  const ask = ({ tell }: Begun, id: string): void => {
    const request = { cluster: 'box', nodes: 'all', expiresInSeconds: 3_600, command: 'check', id } as const;
    void tell({ type: 'command', request, reply: () => undefined });
  };

  test('leaves no order behind: the one under way is in the store when its successor begins, those after it never are', async () => {
    const { gate, prepare } = gated();
    const begun = await begin({ names: ['execute-1'], prepare });
    const [first, second] = [newId(), newId()];
    ask(begun, first);
    ask(begun, second);
    await settle();
    const ended = begun.incarnation.end();
    await settle();
    gate.resolve();
    expect(await ended).toMatchObject({ releaseTimedOut: false });
    begun.spawn();
    await settle();
    await begun.standAll();
    await begun.pass(1_000);
    expect(begun.sent('command').map(([, { body }]) => body.command)).toEqual([first]);
    expect(begun.store.command(second)).toBeUndefined();
  });

  test('during an order that takes longer than its end leaves it to its successor, who sends it soon', async () => {
    const { gate, prepare } = gated();
    const begun = await begin({ names: ['execute-1'], prepare });
    ask(begun, newId());
    await settle();
    const ended = begun.incarnation.end();
    await settle();
    await begun.pass(1_000);
    expect(await ended).toMatchObject({ releaseTimedOut: true });
    begun.spawn();
    await settle();
    await begun.standAll();
    gate.resolve();
    await begun.pass(1_000);
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('during such an order sends it at once to whoever repeats it', async () => {
    const { gate, prepare } = gated();
    const begun = await begin({ names: ['execute-1'], prepare });
    const id = newId();
    ask(begun, id);
    await settle();
    void begun.incarnation.end();
    await settle();
    await begun.pass(1_000);
    begun.spawn();
    await settle();
    await begun.standAll();
    gate.resolve();
    await settle();
    expect(await begun.give({ command: 'check', id })).toEqual({ outcome: 'ordered', id, targets: ['execute-1'] });
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test.each(['revision', 'settings', 'command', 'pendingTargets', 'targetState'] as const)('since the store could not be read (%s) has a successor that loses nothing', async (read) => {
    const begun = await begin({ names: ['execute-1'] });
    const { store } = begun;
    const failing = (): never => {
      throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 });
    };
    // Over the method of its class, until it is taken away.
    Object.defineProperty(store, read, { value: failing, configurable: true });
    const id = newId();
    const given = begun.give({ command: 'set', key: 'a', value: 1, id }).catch((error: unknown) => error);
    await begun.tell({ type: 'registered', node: at('execute-1'), configuration: 1 });
    expect(begun.watching.crashes).toHaveLength(1);
    await given;
    Reflect.deleteProperty(store, read);
    await begun.incarnation.end();
    begun.spawn();
    await settle();
    await begun.standAll();
    begun.transport.received.splice(0);
    expect(await begun.give({ command: 'set', key: 'a', value: 1, id })).toEqual({ outcome: 'ordered', id, targets: ['execute-1'] });
    await begun.pass(1_000);
    expect(begun.sent('command').map(([, { body }]) => [body.command, body.configuration])).toEqual([[id, { revision: 3, tree: expect.objectContaining({ a: 1 }) }]]);
    expect(begun.store.settings('box')).toEqual([{ key: 'a', value: 1 }]);
  });
});

describe('a command that its node has accepted', () => {
  const accepted = async (expiresInSeconds = 3_600) => {
    const begun = await begin({ names: ['execute-1'] });
    const answer = await begun.give({ command: 'check', expiresInSeconds });
    const id = answer.outcome === 'ordered' ? answer.id : '';
    begun.store.answer(id, 'execute-1', 'accepted');
    commanded(begun);
    return { begun, id };
  };

  test('is sent once with each registration, for the node may have lost it, and at no other time', async () => {
    const { begun } = await accepted();
    await begun.pass(200_000);
    expect(commanded(begun)).toEqual([]);
    for (let registration = 0; registration < 2; registration += 1) {
      await begun.registers('execute-1');
      await begun.pass(200_000);
      expect(commanded(begun)).toEqual([['execute-1', 'check']]);
    }
  });

  test('is so also by a successor', async () => {
    const { begun } = await accepted();
    await begun.incarnation.end();
    begun.spawn();
    await settle();
    await begun.standAll();
    await begun.pass(5_000);
    expect(commanded(begun)).toEqual([]);
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('is sent no more once it is done', async () => {
    const { begun, id } = await accepted();
    begun.store.answer(id, 'execute-1', 'done');
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([]);
  });

  test('is sent with no time left after its time, so that a node that has lost it says so', async () => {
    const { begun } = await accepted(10);
    await begun.pass(60_000);
    await begun.registers('execute-1');
    expect(begun.sent('command')).toMatchObject([['execute-1', { remainingMs: 0 }]]);
  });

  test('has expired when a day has passed since its time, and not before', async () => {
    const { begun, id } = await accepted(10);
    const expiring = () => begun.store.ordered.filter(({ type }) => type === 'expire').length;
    await begun.pass(23 * 3_600_000);
    expect([begun.store.targetState(id, 'execute-1'), expiring()]).toEqual(['accepted', 0]);
    await begun.pass(3_600_000 + 12_000);
    expect([begun.store.targetState(id, 'execute-1'), expiring()]).toEqual(['expired', 1]);
  });
});

describe('many commands at once', () => {
  test('are sent a hundred at a time, all within a moment and each once', async () => {
    const begun = await begin({ names: Array.from({ length: 250 }, (_, index) => `execute-${index}`) });
    await begun.give({ command: 'check' });
    expect(commanded(begun)).toHaveLength(100);
    await begun.pass(10);
    expect(commanded(begun)).toHaveLength(100);
    await begun.pass(1_000);
    expect(commanded(begun)).toHaveLength(50);
  });

  test('with large configurations are fewer at a time', async () => {
    const begun = await begin({ names: Array.from({ length: 20 }, (_, index) => `execute-${index}`) });
    await begun.give({ command: 'set', key: 'a', value: 'v'.repeat(900_000) });
    const first = begun.sent('command').map(([node]) => node);
    expect(first.length).toBeLessThanOrEqual(5);
    await begun.pass(1_000);
    const rest = begun.sent('command').map(([node]) => node);
    expect([first.length + rest.length, new Set([...first, ...rest]).size]).toEqual([20, 20]);
  });
});

describe('a node that waits for others', () => {
  const watch = ({ tell }: Begun, more: Partial<FrameOf<'watch'>['body']> = {}) => tell({ type: 'watch', frame: { ...frame('watch', { ...bodies.watch, ...more }), from: at('execute-1') } });
  const watched = ({ sent }: Begun) => sent('watched').map(([node, { body }]) => [node, body.met, body.nodes]);

  test('is told at once how they stand, and of every change within a moment', async () => {
    const begun = await begin();
    await watch(begun);
    expect(watched(begun)).toEqual([['execute-1', false, [{ node: 'scheduler', phase: 'converging' }]]]);
    await begun.stand('scheduler', 'ready');
    await begun.pass(20);
    expect(watched(begun)).toEqual([['execute-1', true, [{ node: 'scheduler', phase: 'ready' }]]]);
    await begun.stand('scheduler', 'ready', 'silent');
    await begun.pass(20);
    expect(watched(begun)).toEqual([['execute-1', false, [{ node: 'scheduler', phase: 'silent' }]]]);
  });

  test('is told once of changes that come close together, and not of those of others', async () => {
    const begun = await begin();
    await watch(begun);
    watched(begun);
    await begun.stand('scheduler', 'failed');
    await begun.stand('scheduler', 'ready');
    await begun.stand('execute-2', 'ready');
    await begun.pass(2_000);
    expect(watched(begun)).toEqual([['execute-1', true, [{ node: 'scheduler', phase: 'ready' }]]]);
  });

  test('is told no more when its lease is over', async () => {
    const begun = await begin();
    await watch(begun, { leaseMs: 5_000 });
    watched(begun);
    await begun.pass(6_000);
    await begun.stand('scheduler', 'ready');
    await begun.pass(2_000);
    expect(watched(begun)).toEqual([]);
  });

  test('asks a successor again, which knows nothing of it', async () => {
    const begun = await begin();
    await watch(begun);
    await begun.incarnation.end();
    begun.spawn();
    await begun.standAll();
    watched(begun);
    await begun.stand('scheduler', 'ready');
    await begun.pass(2_000);
    expect(watched(begun)).toEqual([]);
    await watch(begun);
    expect(watched(begun)).toEqual([['execute-1', true, [{ node: 'scheduler', phase: 'ready' }]]]);
  });
});

test('a drain ends with the orders that are under way answered', async () => {
  const begun = await begin();
  const given = begun.give({ command: 'check' });
  await settle(1);
  const drained = begun.incarnation.drain();
  expect(await given).toMatchObject({ outcome: 'ordered' });
  expect(await drained).toEqual({ forced: false, failures: [], releaseTimedOut: false });
  expect(begun.watching.crashes).toEqual([]);
});
