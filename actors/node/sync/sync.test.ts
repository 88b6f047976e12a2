import { afterEach, describe, expect, test } from '@jest/globals';
import type { Frame, FrameOf } from '../../../protocol/frames.ts';
import { ok } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import { address, frame, newId } from '../../testing/frames.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { MemoryState } from '../testing/memory-state.ts';
import { beginRegisteredSync, beginSync, heartbeatMs, registerAgainMs, type SyncStage } from '../testing/sync-stage.ts';
import { sync } from './sync.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = (state?: MemoryState) => beginSync((world = createWorld()), state);
const beginRegistered = (state?: MemoryState) => beginRegisteredSync((world = createWorld()), state);

const kinds = (frames: readonly Frame[]) => frames.map(({ kind }) => kind);

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
  ['a registration', registerAgainMs, (begun: SyncStage) => begun.refused('not_registered')],
])('%s whose time comes together with the loss of the connection is not sent', async (_what, ms, lead) => {
  const begun = await beginRegistered();
  await lead(begun);
  begun.sent();
  begun.system.tell(begun.ref, { type: 'connection', up: false });
  await begun.pass(ms);
  await begun.pass(60_000);
  expect([begun.sent(), begun.clock.armed]).toEqual([[], 0]);
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
  const stop = async ({ ref, system }: SyncStage) => {
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
    ['offline', (begun: SyncStage) => begun.link(false)],
    ['registered', () => Promise.resolve()],
    ['refused', (begun: SyncStage) => begun.refused('version_unsupported')],
    ['registering', (begun: SyncStage) => begun.refused('not_registered')],
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
