import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import { decodeFrame } from '../../../protocol/codec.ts';
import type { Frame, FrameOf } from '../../../protocol/frames.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { address, bodies, frame, newId } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { SetConfiguration } from '../config/messages.ts';
import type { ConvergeMessage } from '../converge/converge.ts';
import type { HealthcheckMessage } from '../health/healthcheck.ts';
import type { TellStanding } from '../keepalive/keepalive.ts';
import type { LifecycleMessage } from '../lifecycle/lifecycle.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { sync, type SyncMessage } from './sync.ts';
import { MemoryState } from '../testing/memory-state.ts';
import type { WaitedFor } from './waits.ts';
import type { NodeTransportMessage } from '../transport.ts';

const facts = { instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', pid: 7 };
const heartbeatMs = 10_000;
const registerAgainMs = 1_000;

let world: World;
afterEach(() => world.system.stop());

const begin = async (state = new MemoryState()) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const transport = probe<NodeTransportMessage>(system, 'transport', (message) => {
    if (message.type === 'publish') message.reply({ outcome: 'confirmed' });
  });
  const messaging = probe<DrainPending>(system, 'messaging');
  const config = probe<SetConfiguration>(system, 'config');
  const healthcheck = probe<HealthcheckMessage>(system, 'healthcheck');
  const keepalive = probe<TellStanding>(system, 'keepalive');
  const lifecycle = probe<LifecycleMessage>(system, 'lifecycle');
  const converge = probe<ConvergeMessage>(system, 'converge');
  const ports = {
    address,
    facts,
    reportsExchange: 'reports',
    transport: transport.ref,
    messaging: messaging.ref,
    config: config.ref,
    healthcheck: healthcheck.ref,
    keepalive: keepalive.ref,
    lifecycle: lifecycle.ref,
    converge: converge.ref,
    state,
    outboxRows: () => 3,
    times: { heartbeatMs, registerAgainMs },
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const watching = supervise('end');
  const incarnation = system.spawn('sync', sync(ports), watching);
  const ref: ActorRef<SyncMessage> = system.ref('sync');
  await settle();
  let taken = 0;
  const tell = async (message: SyncMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  return {
    clock,
    config,
    converge,
    healthcheck,
    incarnation,
    keepalive,
    lifecycle,
    log,
    messaging,
    ports,
    state,
    ref,
    system,
    transport,
    watching,
    tell,
    link: (up: boolean) => tell({ type: 'connection', up }),
    registered: () => tell({ type: 'answer', frame: frame('registered', bodies.registered) }),
    refused: (code: string) => tell({ type: 'answer', frame: frame('refused', { code, message: 'why' }) }),
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    /** The frames published since the last look. */
    sent: (): readonly Frame[] => {
      const all = transport.received.flatMap((message) => (message.type === 'publish' ? [message.message] : []));
      return all.slice(taken, (taken = all.length)).map(({ body }) => {
        const decoded = decodeFrame(body);
        if (!decoded.ok) throw new Error(decoded.error.message);
        return decoded.value;
      });
    },
    /** What was reported, in order. */
    reported: () => state.reports.flatMap(({ event }) => (event.kind === 'command' ? [] : [event.kind === 'phase' ? event.phase : event.kind])),
  };
};

const kinds = (frames: readonly Frame[]) => frames.map(({ kind }) => kind);

/** Registered, with its first heartbeat taken from what it sent. */
const beginRegistered = async (state?: MemoryState) => {
  const begun = await begin(state);
  await begun.link(true);
  await begun.registered();
  begun.sent();
  return begun;
};

describe('registration', () => {
  test('is asked for as soon as the broker is there, with what the node is, and not before', async () => {
    const { link, sent, transport } = await begin();
    expect(transport.received).toMatchObject([{ type: 'connection?', observer: { path: 'sync' } }]);
    await link(true);
    expect(sent()).toMatchObject([{ kind: 'register', from: address, body: { instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', wire: { min: 1, max: 1 } } }]);
    expect(transport.received.at(-1)).toMatchObject({ message: { exchange: 'reports', routingKey: 'presence.lab.n1.register', persistent: false } });
  });

  test('is asked for again with a growing pause, each shortened by chance by up to a half, until it is answered', async () => {
    const { clock, link, pass, registered, sent } = await begin();
    await link(true);
    const pauses: number[] = [];
    for (let attempt = 0, last = 0; attempt < 7; last = clock.monotonic(), attempt += 1) {
      sent();
      for (let again = false; !again; again = sent().length > 0) await pass(50);
      pauses.push(clock.monotonic() - last);
    }
    for (const [attempt, pause] of pauses.entries()) {
      const most = registerAgainMs * 2 ** Math.min(attempt, 4);
      expect(pause).toBeGreaterThanOrEqual(most / 2);
      expect(pause).toBeLessThan(most + 50);
    }
    expect(new Set(pauses.slice(4)).size).toBeGreaterThan(1);
    await registered();
    await pass(heartbeatMs - 1);
    expect(kinds(sent())).toEqual(['heartbeat']);
  });

  test('expires on the broker when it is asked for again', async () => {
    const { link, pass, transport } = await begin();
    await link(true);
    const [first] = transport.received.flatMap((message) => (message.type === 'publish' ? [message.message.expiresMs ?? 0] : []));
    await pass(Math.ceil(first!) - 1);
    const count = transport.received.length;
    await pass(1);
    expect(transport.received).toHaveLength(count + 1);
  });

  test('leads to heartbeats, and to no other phase: that is for converge to say', async () => {
    const { link, log, registered, reported, sent } = await begin();
    await link(true);
    sent();
    await registered();
    await registered();
    expect(reported()).toEqual([]);
    expect(kinds(sent())).toEqual(['heartbeat']);
    expect(log.lines).toEqual(['info: registered with s']);
  });

  test('that is refused is asked for again slowly, and the refusal is told', async () => {
    const { link, log, pass, refused, registered, sent } = await begin();
    await link(true);
    await refused('version_unsupported');
    sent();
    await pass(registerAgainMs * 16 - 1);
    expect(sent()).toEqual([]);
    await pass(1);
    expect(kinds(sent())).toEqual(['register']);
    expect([log.lines, log.fields]).toEqual([['error: the server refused this node: why'], [{ code: 'version_unsupported' }]]);
    await registered();
    expect(kinds(sent())).toEqual(['heartbeat']);
  });

  test('is made again at once when the server does not know the node', async () => {
    const { log, pass, refused, registered, sent } = await beginRegistered();
    log.lines.slice();
    await refused('not_registered');
    expect(kinds(sent())).toEqual(['register']);
    await registered();
    await pass(heartbeatMs);
    expect(kinds(sent())).toEqual(['heartbeat', 'heartbeat']);
    expect(log.lines).toEqual(['info: registered with s', 'info: registered with s']);
  });

  test('begins anew with a new connection, and nothing is sent in between', async () => {
    const { link, pass, refused, registered, sent } = await beginRegistered();
    await link(false);
    await pass(60_000);
    await registered();
    await refused('version_unsupported');
    expect(sent()).toEqual([]);
    await link(true);
    await link(true);
    expect(kinds(sent())).toEqual(['register']);
    await registered();
    expect(kinds(sent())).toEqual(['heartbeat']);
  });
});

describe('the heartbeat', () => {
  test('comes with the registration and then once in its time, transient, saying how the node is', async () => {
    const { pass, sent, transport } = await beginRegistered();
    await pass(heartbeatMs - 1);
    expect(sent()).toEqual([]);
    await pass(1);
    const beats = sent() as ReadonlyArray<FrameOf<'heartbeat'>>;
    expect(beats.map(({ body }) => body)).toEqual([{ everyMs: heartbeatMs, phase: 'starting', uptimeMs: heartbeatMs, outbox: 3 }]);
    expect(transport.received.at(-1)).toMatchObject({ message: { routingKey: 'presence.lab.n1.heartbeat', persistent: false, expiresMs: heartbeatMs } });
    await pass(heartbeatMs * 5);
    expect(kinds(sent())).toEqual(Array(5).fill('heartbeat'));
  });

  test('comes at once with another phase or another configuration, and tells them', async () => {
    const { pass, sent, tell } = await beginRegistered();
    await tell({ type: 'phase', phase: 'converging', detail: 'two scripts' });
    await tell({ type: 'configured', revision: 7, source: 'server', specs: [], locker: undefined, tree: {} });
    await tell({ type: 'configured', revision: 7, source: 'server', specs: [], locker: undefined, tree: {} });
    const beats = sent() as ReadonlyArray<FrameOf<'heartbeat'>>;
    expect(beats.map(({ body }) => [body.phase, body.configuration])).toEqual([['converging', undefined], ['converging', 7]]);
    await pass(heartbeatMs);
    expect(kinds(sent())).toEqual(['heartbeat']);
  });

  test('tells phase and configuration also after a restart of the actor, and so does the registration', async () => {
    const { incarnation, link, ports, registered, sent, system, tell } = await begin();
    const definition = sync(ports);
    await incarnation.end();
    const first = system.spawn('sync', definition, supervise('end'));
    await tell({ type: 'phase', phase: 'ready' });
    await tell({ type: 'configured', revision: 3, source: 'kept', specs: [], locker: undefined, tree: {} });
    await first.end();
    system.spawn('sync', definition, supervise('end'));
    await link(true);
    await registered();
    expect(sent()).toMatchObject([{ kind: 'register', body: { configuration: 3 } }, { kind: 'heartbeat', body: { phase: 'ready', configuration: 3 } }]);
  });

  test('tells the time since the program began, also after a restart of the actor', async () => {
    const { clock, incarnation, link, pass, ports, registered, sent, system } = await begin();
    const definition = sync(ports);
    await incarnation.end();
    await clock.advance(500);
    system.spawn('sync', definition, supervise('end'));
    await pass(0);
    await link(true);
    await registered();
    expect(sent().at(-1)).toMatchObject({ kind: 'heartbeat', body: { uptimeMs: 500 } });
  });
});

test.each([
  ['a heartbeat', heartbeatMs, () => Promise.resolve()],
  ['a registration', registerAgainMs, (begun: Awaited<ReturnType<typeof begin>>) => begun.refused('not_registered')],
])('%s whose time comes together with the loss of the connection is not sent', async (_what, ms, lead) => {
  const begun = await beginRegistered();
  await lead(begun);
  begun.sent();
  begun.system.tell(begun.ref, { type: 'connection', up: false });
  await begun.pass(ms);
  await begun.pass(60_000);
  expect([begun.sent(), begun.clock.armed]).toEqual([[], 0]);
});

describe('what the node reports of itself', () => {
  const full = { code: 'state_unwritable', message: 'disk full' } as const;
  const start = (begun: Awaited<ReturnType<typeof begin>>) => begun.tell({ type: 'started', reply: () => undefined });

  test('at its start is what it is and the phase `starting`, once, however often the start is told', async () => {
    const begun = await begin();
    await start(begun);
    await start(begun);
    expect(begun.reported()).toEqual(['node', 'starting']);
    expect(begun.state.reports[0]).toMatchObject({ event: { kind: 'node', ...facts } });
    expect(begun.messaging.received).toEqual([{ type: 'pending' }]);
  });

  test('and could not be kept is told and kept later', async () => {
    const begun = await begin();
    begun.state.failWith = full;
    await start(begun);
    expect(begun.log.lines).toEqual(['warn: a report could not be kept: disk full']);
    begun.state.failWith = undefined;
    await begun.pass(10_000);
    await begun.pass(60_000);
    expect(begun.reported()).toEqual(['node', 'starting']);
  });

  test('is kept by the next incarnation when this one fails before', async () => {
    const { incarnation, ports, reported, state, system, tell } = await begin();
    const definition = sync(ports);
    await incarnation.end();
    const first = system.spawn('sync', definition, supervise('end'));
    state.failWith = full;
    await tell({ type: 'started', reply: () => undefined });
    await first.end();
    state.failWith = undefined;
    system.spawn('sync', definition, supervise('end'));
    await settle();
    expect(reported()).toEqual(['node', 'starting']);
  });

  test('tells the phase as it is by the time it can be kept', async () => {
    const begun = await begin();
    begun.state.failWith = full;
    await start(begun);
    await begun.tell({ type: 'phase', phase: 'converging' });
    begun.state.failWith = undefined;
    await begun.pass(10_000);
    expect(begun.reported()).toEqual(['node', 'converging']);
  });

  test('is followed by what keepalive, healthcheck and lifecycle know, when it is durable and not before', async () => {
    const begun = await begin();
    const asked = () => [...begun.keepalive.received, ...begun.healthcheck.received, ...begun.lifecycle.received].map(({ type }) => type);
    begun.state.failWith = full;
    await start(begun);
    expect(asked()).toEqual([]);
    begun.state.failWith = undefined;
    await begun.pass(10_000);
    expect(asked()).toEqual(['tellStanding', 'tellStanding', 'tellStanding']);
  });

  test('is told anew to a server that has lost it, and to no server that has only not come to it yet', async () => {
    let rows = 2;
    const begun = await begin();
    const { incarnation, system } = begun;
    await incarnation.end();
    system.spawn('sync', sync({ ...begun.ports, outboxRows: () => rows }), supervise('end'));
    await start(begun);
    await begun.tell({ type: 'phase', phase: 'ready' });
    const registerAgain = async () => {
      await begun.link(false);
      await begun.link(true);
      await begun.tell({ type: 'answer', frame: frame('registered', { ...bodies.registered, tellAll: true }) });
    };
    await registerAgain();
    expect(begun.reported()).toEqual(['node', 'starting']);
    rows = 0;
    await registerAgain();
    expect(begun.reported()).toEqual(['node', 'starting']);
    await begun.state.reported(begun.state.pending(10).map(({ event }) => event.id));
    await registerAgain();
    expect(begun.reported()).toEqual(['node', 'starting', 'node', 'ready']);
    expect(new Set(begun.state.reports.map(({ event }) => event.id)).size).toBe(4);
    expect(begun.keepalive.received).toHaveLength(2);
  });
});

test('a successor begins when what was being kept is kept, and so takes up a command that was being accepted', async () => {
  const state = new MemoryState();
  const begun = await beginRegistered(state);
  const { promise: written, resolve } = Promise.withResolvers<void>();
  const change = state.change.bind(state);
  state.change = async (changes, reports) => written.then(() => change(changes, reports));
  await begun.tell({ type: 'answer', frame: frame('command', { command: newId(), name: 'check' }) });
  let ended = false;
  const ending = begun.incarnation.end().then(() => (ended = true));
  await settle();
  expect(ended).toBe(false);
  resolve();
  await ending;
  begun.system.spawn('sync', sync(begun.ports), supervise('end'));
  await settle();
  expect(begun.healthcheck.received).toMatchObject([{ type: 'check' }]);
});

describe('the end', () => {
  const stop = async ({ ref, system }: Awaited<ReturnType<typeof begin>>) => {
    const answers: unknown[] = [];
    void system.ask(ref, (reply: Reply<void>) => ({ type: 'stopping', reply }) as const, { timeoutMs: 60_000 }).then((answer) => answers.push(answer));
    await settle();
    return answers;
  };

  test('is answered when the phase `stopping` is durable, and not before', async () => {
    const state = new MemoryState();
    const begun = await begin(state);
    const { promise: durable, resolve } = Promise.withResolvers<void>();
    const change = state.change.bind(state);
    state.change = async (changes, reports) => durable.then(() => change(changes, reports));
    const answers = await stop(begun);
    expect(answers).toEqual([]);
    resolve();
    await settle();
    expect([answers, begun.reported()]).toEqual([[ok(undefined)], ['stopping']]);
  });

  test('is answered also when the phase cannot be kept: nothing would change that', async () => {
    const begun = await beginRegistered();
    begun.state.failWith = { code: 'state_unwritable', message: 'disk full' };
    expect(await stop(begun)).toEqual([ok(undefined)]);
    expect(begun.log.lines.at(-1)).toBe('warn: a report could not be kept: disk full');
  });

  test.each([
    ['offline', (begun: Awaited<ReturnType<typeof begin>>) => begun.link(false)],
    ['registered', () => Promise.resolve()],
    ['refused', (begun: Awaited<ReturnType<typeof begin>>) => begun.refused('version_unsupported')],
    ['registering', (begun: Awaited<ReturnType<typeof begin>>) => begun.refused('not_registered')],
  ])('leaves nothing to be sent, from the state %s on', async (_state, lead) => {
    const begun = await beginRegistered();
    await lead(begun);
    expect(await stop(begun)).toEqual([ok(undefined)]);
    begun.sent();
    await begun.link(false);
    await begun.link(true);
    await begun.registered();
    await begun.refused('not_registered');
    await begun.pass(600_000);
    expect([begun.sent(), begun.reported(), begun.clock.armed]).toEqual([[], ['stopping'], 0]);
  });
});

describe('a wait for other nodes', () => {
  const wait = { id: '00000000-0000-4000-8000-0000000000aa', role: 'scheduler', phase: 'ready', count: undefined, timeoutMs: 60_000 };
  const beginWait = async (begun: Awaited<ReturnType<typeof begin>>) => {
    const answers: Array<Result<WaitedFor>> = [];
    await begun.tell({ type: 'wait', wait, reply: (answer) => void answers.push(answer) });
    return answers;
  };
  const watched = (begun: Awaited<ReturnType<typeof begin>>, met: boolean) =>
    begun.tell({ type: 'answer', frame: frame('watched', { watch: wait.id, met, nodes: [{ node: 's', phase: met ? 'ready' : 'starting' }] }) });
  const watches = (begun: Awaited<ReturnType<typeof begin>>) => begun.sent().flatMap((sent) => (sent.kind === 'watch' ? [[sent.body.watch, sent.body.leaseMs]] : []));
  const open = [wait.id, 30_000];
  const closed = [wait.id, 0];

  test('is told to the server at once, renewed within its lease, answered when the server says so, and taken back', async () => {
    const begun = await beginRegistered();
    const answers = await beginWait(begun);
    expect(watches(begun)).toEqual([open]);
    await begun.pass(10_000);
    expect(watches(begun)).toEqual([open]);
    await watched(begun, false);
    expect(answers).toEqual([]);
    await watched(begun, true);
    expect(answers).toEqual([ok({ nodes: [{ node: 's', phase: 'ready' }] })]);
    expect(watches(begun)).toEqual([closed]);
    await begun.pass(120_000);
    expect(watches(begun)).toEqual([]);
  });

  test('that was asked before the node was registered is told then, and again after every new registration', async () => {
    const begun = await begin();
    await beginWait(begun);
    await begun.link(true);
    expect(watches(begun)).toEqual([]);
    await begun.registered();
    expect(watches(begun)).toEqual([open]);
    await begun.link(false);
    await begun.link(true);
    await begun.registered();
    expect(watches(begun)).toEqual([open]);
  });

  test('ends with its time, saying how the nodes stand, and with its caller', async () => {
    const begun = await beginRegistered();
    const answers = await beginWait(begun);
    await watched(begun, false);
    await begun.pass(60_000);
    expect(answers).toEqual([fail('wait_unmet', 'waited 60 s for every node of role scheduler to be ready: s is starting')]);
    expect(watches(begun).at(-1)).toEqual(closed);
    await beginWait(begun);
    begun.sent();
    await begun.tell({ type: 'unwait', id: wait.id });
    expect(watches(begun)).toEqual([closed]);
  });
});

describe('a command of the server', () => {
  const command = (more: Partial<FrameOf<'command'>['body']> = {}, remainingMs?: number) =>
    ({ ...frame('command', { command: newId(), name: 'check', ...more }), ...(remainingMs === undefined ? {} : { remainingMs }) }) as const;
  const events = ({ reports }: MemoryState) => reports.flatMap(({ event }) => (event.kind === 'command' ? [[event.command, event.state, event.code, event.message]] : []));
  const take = (begun: Awaited<ReturnType<typeof begin>>, taken: FrameOf<'command'>) => begun.tell({ type: 'answer', frame: taken });
  const checkOf = (begun: Awaited<ReturnType<typeof begin>>, index = 0) => {
    const message = begun.healthcheck.received[index];
    if (message?.type !== 'check') throw new Error('no check was asked for');
    return message.reply;
  };
  const allOk = ok({ checks: [{ name: 'disk', status: 'OK' as const }] });

  test('is accepted durably before it is carried out, and answered with what came of it', async () => {
    const begun = await beginRegistered();
    const taken = command();
    await take(begun, taken);
    const id = taken.body.command;
    expect(events(begun.state)).toEqual([[id, 'accepted', undefined, undefined]]);
    checkOf(begun)(allOk);
    await settle();
    expect(events(begun.state).at(-1)).toEqual([id, 'done', undefined, '1 check: all OK']);
    expect(begun.messaging.received.filter(({ type }) => type === 'pending')).toHaveLength(2);
  });

  test('that comes again is done once: under way it is passed over, answered it gets the same answer', async () => {
    const begun = await beginRegistered();
    const taken = command();
    await take(begun, taken);
    await take(begun, taken);
    expect(begun.healthcheck.received).toHaveLength(1);
    checkOf(begun)(allOk);
    await settle();
    await take(begun, taken);
    expect(begun.healthcheck.received).toHaveLength(1);
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done', 'done']);
  });

  test('that a crash interrupted is taken up again by the next life, and only it', async () => {
    const state = new MemoryState();
    const begun = await beginRegistered(state);
    const [first, second] = [command(), command()];
    await take(begun, first);
    checkOf(begun)(allOk);
    await settle();
    await take(begun, second);
    begun.system.stop();
    const next = await begin(state);
    expect(next.healthcheck.received).toHaveLength(1);
    checkOf(next)(allOk);
    await settle();
    expect(events(state).map(([id, how]) => [id, how])).toEqual([
      [first.body.command, 'accepted'],
      [first.body.command, 'done'],
      [second.body.command, 'accepted'],
      [second.body.command, 'done'],
    ]);
  });

  test('that came after its time is answered so and not carried out', async () => {
    const begun = await beginRegistered();
    await take(begun, command({}, 0));
    expect(begun.healthcheck.received).toEqual([]);
    expect(events(begun.state).map(([, state, code]) => [state, code])).toEqual([['expired', 'command_expired']]);
  });

  test('that cannot be made durable is not carried out, and taken when the server asks again', async () => {
    const begun = await beginRegistered();
    const taken = command();
    begun.state.failWith = { code: 'state_unwritable', message: 'disk full' };
    await take(begun, taken);
    expect(begun.healthcheck.received).toEqual([]);
    expect(begun.log.lines.at(-1)).toBe('warn: a command of the server could not be kept: disk full');
    begun.state.failWith = undefined;
    await take(begun, taken);
    expect(begun.healthcheck.received).toHaveLength(1);
  });

  test('whose answer cannot be made durable is not done again: the answer waits', async () => {
    const begun = await beginRegistered();
    await take(begun, command());
    begun.state.failWith = { code: 'state_unwritable', message: 'disk full' };
    checkOf(begun)(allOk);
    await settle();
    begun.state.failWith = undefined;
    await begun.pass(5_000);
    expect(begun.healthcheck.received).toHaveLength(1);
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done']);
  });

  test('is tried again while whoever carries it out is not there, and failed for good when it fails by itself', async () => {
    const begun = await beginRegistered();
    const taken = command({ name: 'converge', rerunScripts: true });
    await take(begun, taken);
    const asked = (index: number) => {
      const message = begun.converge.received[index];
      if (message?.type !== 'converge') throw new Error('no converge was asked for');
      return message;
    };
    expect(asked(0)).toMatchObject({ trigger: 'server', rerunScripts: true, run: taken.body.command });
    asked(0).reply(fail('actor_stopped', 'gone'));
    await settle();
    await begun.pass(5_000);
    asked(1).reply(fail('script_failed', 'it broke'));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['failed', 'script_failed', 'it broke']);
  });

  test('that the node is about to be ended is carried out under its own id, and names the scripts that did not end well', async () => {
    const begun = await beginRegistered();
    const taken = command({ name: 'end' });
    await take(begun, taken);
    const [asked] = begun.lifecycle.received;
    if (asked?.type !== 'end') throw new Error('no end was asked for');
    expect(asked.request).toBe(taken.body.command);
    asked.reply(fail('script_failed', '/a.sh exited with code 3'));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['failed', 'script_failed', '/a.sh exited with code 3']);
  });

  test('that sets something brings the whole configuration, and is done when that is kept', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'set', key: 'a.b', configuration: { revision: 4, tree: { a: { b: 1 } } } }));
    expect(begun.config.received).toMatchObject([{ type: 'configuration', configuration: { revision: 4, tree: { a: { b: 1 } } } }]);
    begun.config.received[0]?.reply(ok({ a: { b: 1 }, hostname: 'n1' }));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['done', undefined, 'a.b is set']);
    await take(begun, command({ name: 'set', key: 'a.b' }));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1, 3)).toEqual(['failed', 'request_invalid']);
  });

  test('that sets what the node itself knows better is done, and says that it does not show', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'set', key: 'hostname', configuration: { revision: 4, tree: { hostname: 'other' } } }));
    begun.config.received[0]?.reply(ok({ hostname: 'n1' }));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['done', undefined, 'hostname is set, and not shown: what the node itself knows stands over it']);
  });

  test('that sets something waits for room on the disk, and is not called failed meanwhile', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'set', key: 'a', configuration: { revision: 4, tree: { a: 1 } } }));
    begun.config.received[0]?.reply(fail('home_unusable', 'disk full'));
    await settle();
    await begun.pass(5_000);
    begun.config.received[1]?.reply(ok({ a: 1 }));
    await settle();
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done']);
  });

  describe('in a trace', () => {
    const spans = recordSpans();
    afterEach(() => spans.reset());
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const publication = { traceparent: `00-${'a'.repeat(32)}-${'c'.repeat(16)}-01` };
    const arrival = {
      delivery: { exchange: 'commands', routingKey: 'node.lab.n1', queue: 'node.lab.n1', template: 'node.{cluster}.{node}', redelivered: false, size: 9 },
      publication,
    };
    const arrive = (begun: Awaited<ReturnType<typeof begin>>, taken: FrameOf<'command'>) => begun.tell({ type: 'answer', frame: { ...taken, trace }, arrival });
    const processed = () => spans.named('process node.{cluster}.{node}');
    const contextOf = (index: number) => ({ traceparent: `00-${'a'.repeat(32)}-${processed()[index]?.spanContext().spanId}-01` });

    test('is handled as a child of its publish, and what it leads to goes on from there', async () => {
      const begun = await beginRegistered();
      const taken = command();
      await arrive(begun, taken);
      checkOf(begun)(allOk);
      await settle();
      expect(processed()).toMatchObject([{ parentSpanContext: { spanId: 'c'.repeat(16) }, links: [{ context: { spanId: 'c'.repeat(16) } }] }]);
      expect(processed()[0]?.attributes).toMatchObject({
        'messaging.message.id': taken.id,
        'messaging.message.conversation_id': taken.body.command,
        'jetpack.event.kind': 'command',
        'jetpack.duplicate': false,
      });
      expect(begun.state.reports.slice(-2).map((report) => report.trace)).toEqual([contextOf(0), contextOf(0)]);
    });

    test('says when it comes again, under way or answered, and answers in the trace of the asking', async () => {
      const begun = await beginRegistered();
      const taken = command();
      await arrive(begun, taken);
      await arrive(begun, taken);
      checkOf(begun)(allOk);
      await settle();
      await arrive(begun, taken);
      expect(processed().map(({ attributes }) => attributes['jetpack.duplicate'])).toEqual([false, true, true]);
      expect(begun.state.reports.slice(-2).map((report) => report.trace)).toEqual([contextOf(0), contextOf(2)]);
    });

    test('that could not be kept says why', async () => {
      const begun = await beginRegistered();
      begun.state.failWith = fail('state_unwritable', 'disk full').error;
      await arrive(begun, command());
      expect(processed().map(({ attributes }) => attributes['error.type'])).toEqual(['state_unwritable']);
    });

    test('is in it still when a crash interrupted it', async () => {
      const state = new MemoryState();
      const begun = await beginRegistered(state);
      await arrive(begun, command());
      begun.system.stop();
      const next = await begin(state);
      checkOf(next)(allOk);
      await settle();
      expect(state.reports.at(-1)).toMatchObject({ event: { state: 'done' }, trace: contextOf(0) });
    });
  });

  test('is forgotten when two hundred newer ones have been answered, and none before', async () => {
    const begun = await beginRegistered();
    for (let count = 0; count < 205; count += 1) {
      await take(begun, command());
      checkOf(begun, count)(allOk);
      await settle(4);
      await begun.pass(1);
    }
    expect(begun.state.keys('command/')).toHaveLength(200);
  });
});
