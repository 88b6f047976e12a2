import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../effects/random.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import type { Frame, FrameOf } from '../../protocol/frames.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { ActorRef, Reply } from '../ref.ts';
import { address, bodies, frame } from '../testing/frames.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import type { NewReport } from './messaging.ts';
import { sync, type SyncMessage } from './sync.ts';
import type { NodeTransportMessage } from './transport.ts';

const facts = { instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', pid: 7 };
const heartbeatMs = 10_000;
const registerAgainMs = 1_000;

let world: World;
afterEach(() => world.system.stop());

const begin = async (answers: Array<Result<void>> = []) => {
  world = createWorld();
  const { clock, system } = world;
  const log = recordLog();
  const transport = probe<NodeTransportMessage>(system, 'transport', (message) => {
    if (message.type === 'publish') message.reply({ outcome: 'confirmed' });
  });
  /** Every report gets the next of `answers`, else it is kept. */
  const messaging = probe<NewReport>(system, 'messaging', ({ reply }) => reply(answers.shift() ?? ok(undefined)));
  const ports = {
    address,
    facts,
    reportsExchange: 'reports',
    transport: transport.ref,
    messaging: messaging.ref,
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
    incarnation,
    log,
    messaging,
    ports,
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
    reported: () => messaging.received.map(({ event }) => (event.kind === 'phase' ? event.phase : event.kind)),
  };
};

const kinds = (frames: readonly Frame[]) => frames.map(({ kind }) => kind);

/** Registered, with its first heartbeat taken from what it sent. */
const beginRegistered = async (answers?: Array<Result<void>>) => {
  const begun = await begin(answers);
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

  test('leads to the phase `ready`, once, and to heartbeats', async () => {
    const { link, log, registered, reported, sent } = await begin();
    await link(true);
    sent();
    await registered();
    await registered();
    expect(reported()).toEqual(['ready']);
    expect(kinds(sent())).toEqual(['heartbeat']);
    expect(log.lines).toEqual(['info: registered with s']);
  });

  test('that is refused is asked for again slowly, and the refusal is told', async () => {
    const { link, log, pass, refused, registered, reported, sent } = await begin();
    await link(true);
    await refused('version_unsupported');
    sent();
    await pass(registerAgainMs * 16 - 1);
    expect([sent(), reported()]).toEqual([[], []]);
    await pass(1);
    expect(kinds(sent())).toEqual(['register']);
    expect([log.lines, log.fields]).toEqual([['error: the server refused this node: why'], [{ code: 'version_unsupported' }]]);
    await registered();
    expect(reported()).toEqual(['ready']);
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
    const { link, pass, refused, registered, reported, sent } = await beginRegistered();
    await link(false);
    await pass(60_000);
    await registered();
    await refused('version_unsupported');
    expect(sent()).toEqual([]);
    await link(true);
    await link(true);
    expect(kinds(sent())).toEqual(['register']);
    await registered();
    expect([kinds(sent()), reported()]).toEqual([['heartbeat'], ['ready']]);
  });
});

describe('the heartbeat', () => {
  test('comes with the registration and then once in its time, transient, saying how the node is', async () => {
    const { pass, sent, transport } = await beginRegistered();
    await pass(heartbeatMs - 1);
    expect(sent()).toEqual([]);
    await pass(1);
    const beats = sent() as ReadonlyArray<FrameOf<'heartbeat'>>;
    expect(beats.map(({ body }) => body)).toEqual([{ everyMs: heartbeatMs, phase: 'ready', uptimeMs: heartbeatMs, outbox: 3 }]);
    expect(transport.received.at(-1)).toMatchObject({ message: { routingKey: 'presence.lab.n1.heartbeat', persistent: false, expiresMs: heartbeatMs } });
    await pass(heartbeatMs * 5);
    expect(kinds(sent())).toEqual(Array(5).fill('heartbeat'));
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
  test('at its start is what it is and the phase `starting`', async () => {
    const { messaging, reported, tell } = await begin();
    await tell({ type: 'started', reply: () => undefined });
    expect(reported()).toEqual(['node', 'starting']);
    expect(messaging.received[0]?.event).toMatchObject({ kind: 'node', ...facts });
  });

  test('and could not be kept is told and reported again', async () => {
    const full = fail('outbox_full', 'full');
    const { log, pass, reported, tell } = await begin([full, full]);
    await tell({ type: 'started', reply: () => undefined });
    expect(log.lines).toEqual(['warn: a report could not be kept: full', 'warn: a report could not be kept: full']);
    await pass(10_000);
    await pass(60_000);
    expect(reported()).toEqual(['node', 'starting', 'node', 'starting']);
  });

  test('is not reported again when that phase is over', async () => {
    const { link, pass, registered, reported, tell } = await begin([ok(undefined), fail('outbox_full', 'full')]);
    await tell({ type: 'started', reply: () => undefined });
    await link(true);
    await registered();
    await pass(60_000);
    expect(reported()).toEqual(['node', 'starting', 'ready']);
  });
});

describe('the end', () => {
  const stop = async ({ ref, system }: Awaited<ReturnType<typeof begin>>) => {
    const answers: unknown[] = [];
    void system.ask(ref, (reply: Reply<void>) => ({ type: 'stopping', reply }) as const, { timeoutMs: 60_000 }).then((answer) => answers.push(answer));
    await settle();
    return answers;
  };

  test('is answered when the phase `stopping` is durable, and not before', async () => {
    const begun = await begin();
    const { incarnation, messaging, reported, system } = begun;
    const waiting: Array<NewReport['reply']> = [];
    await incarnation.end();
    system.spawn('sync', sync({ ...begun.ports, messaging: probe<NewReport>(system, 'slow', ({ reply }) => waiting.push(reply)).ref }), supervise('end'));
    const answers = await stop(begun);
    expect([answers, waiting.length, messaging.received, reported()]).toEqual([[], 1, [], []]);
    waiting[0]?.(ok(undefined));
    await settle();
    expect(answers).toEqual([ok(undefined)]);
  });

  test('is answered also when the phase cannot be kept: nothing would change that', async () => {
    const begun = await beginRegistered([ok(undefined), fail('outbox_unwritable', 'disk full')]);
    expect(await stop(begun)).toEqual([ok(undefined)]);
    await begun.pass(60_000);
    expect(begun.reported()).toEqual(['ready', 'stopping']);
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
    expect([begun.sent(), begun.reported(), begun.clock.armed]).toEqual([[], ['ready', 'stopping'], 0]);
  });
});
