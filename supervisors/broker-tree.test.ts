// The actors of the broker side under their supervisors, on a broker that is the test's.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeConnector } from '../actors/broker/testing/fake-broker.ts';
import type { Wish } from '../actors/broker/consumer.ts';
import type { BrokerReport } from '../actors/broker/ports.ts';
import type { Reply } from '../actors/ref.ts';
import { createWorld, settle, type World } from '../actors/testing/world.ts';
import type { ManualClock } from '../effects/manual-clock.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { message } from '../transport/contract/world.ts';
import { Flights } from '../transport/flights.ts';
import { Handlers } from '../transport/handlers.ts';
import { InFlight } from '../transport/in-flight.ts';
import type { Settlement } from '../transport/port.ts';
import { brokerTree } from './broker-tree.ts';
import { escalation } from './escalation.ts';
import type { SupervisionEvent } from './events.ts';
import { startSupervisor, type RunningSupervisor } from './supervisor.ts';

const running: { readonly world: World; readonly root: RunningSupervisor }[] = [];

afterEach(async () => {
  for (const { root, world } of running.splice(0)) {
    const drained = root.drain();
    await settle();
    await world.clock.advance(60_000);
    await drained;
    world.system.stop();
  }
});

/** Lets time go on, in steps that are short beside the waits between attempts, until the condition holds. */
const until = async (clock: ManualClock, what: string, holds: () => boolean): Promise<void> => {
  for (let waited = 0; !holds(); waited += 1) {
    if (waited > 2_000) throw new Error(`waited in vain until ${what}`);
    await clock.advance(50);
    await settle(2);
  }
};

const failure = (code: ErrorCode) => ({ code, message: `${code} of the test` });

const scene = (prepare: (connectors: { readonly publish: FakeConnector; readonly consume: FakeConnector }) => void = () => undefined) => {
  const world = createWorld();
  const { clock, system } = world;
  const connectors = { publish: new FakeConnector(), consume: new FakeConnector() };
  prepare(connectors);
  const reports: BrokerReport[] = [];
  const events: SupervisionEvent[] = [];
  const escalated: ErrorCode[] = [];
  const tree = brokerTree(system, {
    path: 'node/broker',
    connectorFor: (side) => connectors[side],
    retryMs: { first: 500, most: 30_000 },
    report: (report) => void reports.push(report),
    closing: new AbortController().signal,
  });
  const root = startSupervisor(system, tree.spec, {
    onEvent: (event) => void events.push(event),
    onEscalate: (error) => void escalated.push(escalation(error).code),
  });
  running.push({ world, root });
  const flights = new Flights(clock, 10_000, new InFlight(1_000));
  const send = (body: string): Promise<string> =>
    new Promise((resolve) => {
      system.tell(tree.publisher, flights.begin(message('x', 'k', body), ({ outcome }) => resolve(outcome)));
    });
  const want = (handle: (id: string) => Settlement | Promise<Settlement> = () => 'ack', queue = 'q') => {
    const handlers = new Handlers(
      ({ messageId }) => handle(messageId ?? ''),
      (reason) => void reports.push({ type: 'handlerFailed', queue, reason }),
    );
    const wish: Wish = { queue, prefetch: 7, handlers, wanted: true };
    return { wish, ...tree.keep(wish) };
  };
  const ups = (side: 'publish' | 'consume'): number => reports.filter((report) => report.type === 'up' && report.side === side).length;
  const isUp = (times = 1): Promise<void> => until(clock, `both sides are up (${times})`, () => ups('publish') >= times && ups('consume') >= times);
  const failed = (): readonly string[] => events.filter(({ type }) => type === 'failed').map(({ path }) => path.replace('node/broker/', ''));
  const restarts = (path: string): number => system.inspect().find((snapshot) => snapshot.path === `node/broker/${path}`)?.restarts ?? 0;
  return { connectors, clock, escalated, failed, isUp, reports, restarts, send, system, ups, until: (what: string, holds: () => boolean) => until(clock, what, holds), want };
};

describe('connecting', () => {
  test('the side that consumes knocks only when the other publishes, so a broker that refuses is asked once', async () => {
    const { connectors, escalated, reports, until } = scene(({ publish }) => publish.failures.push(failure('broker_credentials')));
    await until('it has given up', () => escalated.length > 0);
    expect([escalated, connectors.publish.attempts, connectors.consume.attempts]).toEqual([['broker_credentials'], 1, 0]);
    expect(reports).toEqual([{ type: 'connecting', attempt: 1 }]);
  });

  test('a broker that is away is tried for as long as it takes, and no attempt is a crash', async () => {
    const away = Array.from({ length: 6 }, () => failure('broker_unreachable'));
    const { connectors, escalated, failed, isUp, reports } = scene(({ publish }) => publish.failures.push(...away));
    await isUp();
    expect(reports.filter(({ type }) => type === 'down')).toHaveLength(6);
    expect([connectors.consume.attempts, failed(), escalated]).toEqual([1, [], []]);
  }, 60_000);

  test('a virtual host that does not open is met twice in a row before it counts', async () => {
    const { escalated, isUp } = scene(({ publish }) =>
      publish.failures.push(failure('broker_vhost'), failure('broker_unreachable'), failure('broker_vhost')),
    );
    await isUp();
    expect(escalated).toEqual([]);
    const twice = scene(({ publish }) => publish.failures.push(failure('broker_vhost'), failure('broker_vhost')));
    await twice.until('it has given up', () => twice.escalated.length > 0);
    expect(twice.escalated).toEqual(['broker_vhost']);
  });
});

describe('a loss', () => {
  test('of the connection that is published on takes its channel with it, and consuming goes on', async () => {
    const { connectors, failed, isUp, restarts, until, ups, want } = scene();
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    connectors.publish.last.lose();
    await until('it publishes again', () => ups('publish') === 2);
    expect(failed()).toEqual(['publish/connection']);
    expect([restarts('publish/connection'), restarts('publish/publisher')]).toEqual([1, 1]);
    expect([restarts('consume/connection'), restarts('consume/consumers/consumer-1')]).toEqual([0, 0]);
  });

  test('of the connection that is consumed on begins its consumers anew, and publishing goes on', async () => {
    const { connectors, failed, isUp, restarts, send, until, want } = scene();
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    connectors.consume.last.lose();
    await until('it consumes again', () => connectors.consume.connections.length === 2 && connectors.consume.last.consumers.length === 1);
    expect(failed()).toEqual(['consume/connection']);
    expect([restarts('consume/connection'), restarts('consume/consumers/consumer-1'), restarts('publish/publisher')]).toEqual([1, 1, 0]);
    const sent = send('after');
    await settle();
    connectors.publish.last.publishers[0]!.flights[0]!.land('confirmed');
    expect(await sent).toBe('confirmed');
  });

  test('of a channel begins its actor anew on the same connection, and nobody else (row 6)', async () => {
    const { connectors, failed, isUp, restarts, until, ups, want } = scene();
    want();
    want(() => 'ack', 'other');
    await isUp();
    await until('both consume', () => connectors.consume.last.consumers.length === 2);
    connectors.consume.last.consumers[0]!.end();
    await until('the first consumes again', () => connectors.consume.last.consumers.length === 3);
    connectors.publish.last.publishers[0]!.ended(failure('transport_closed'));
    await until('it publishes again', () => ups('publish') === 2);
    expect(failed()).toEqual(['consume/consumers/consumer-1', 'publish/publisher']);
    expect([connectors.publish.attempts, connectors.consume.attempts]).toEqual([1, 1]);
    expect([restarts('consume/consumers/consumer-2'), restarts('publish/connection'), restarts('consume/connection')]).toEqual([0, 0, 0]);
    expect(connectors.consume.last.consumers[2]).toMatchObject({ queue: 'q', prefetch: 7 });
  });

  test('is never one too many, however often it comes (row 22)', async () => {
    const { connectors, escalated, isUp, restarts } = scene();
    for (let times = 1; times <= 7; times += 1) {
      await isUp(times);
      connectors.publish.last.lose();
      connectors.consume.last.lose();
    }
    await isUp(8);
    expect([escalated, restarts('publish/connection')]).toEqual([[], 7]);
  }, 60_000);

  test('of a channel to a topology that does not match goes up to the root at once', async () => {
    const { connectors, escalated, isUp, until } = scene();
    await isUp();
    connectors.publish.last.refusals.push(failure('topology_mismatch'));
    connectors.publish.last.publishers[0]!.ended(failure('transport_closed'));
    await until('it has given up', () => escalated.length > 0);
    expect(escalated).toEqual(['topology_mismatch']);
  });

  test('a defect is begun anew a few times only', async () => {
    const { connectors, escalated, failed, until } = scene(({ publish }) => {
      publish.open = () => {
        throw new Error('a defect');
      };
    });
    await until('it has given up', () => escalated.length > 0);
    expect(escalated).toEqual(['internal']);
    expect(failed().filter((path) => path === 'publish/connection').length).toBeGreaterThan(5);
    expect(connectors.consume.attempts).toBe(0);
  }, 60_000);
});

describe('an alarm', () => {
  test('ends with its connection, also with one that a defect ended', async () => {
    const { connectors, failed, isUp, reports, system, until, ups } = scene();
    await isUp();
    connectors.publish.last.listener.alarm('memory');
    await settle();
    system.tell(system.ref('node/broker/publish/connection'), { type: 'failed', error: new Error('a defect') });
    await until('it publishes again', () => ups('publish') === 2);
    expect(failed()).toEqual(['publish/connection']);
    const alarms = reports.flatMap((report) => (report.type === 'alarm' ? [report.reason] : []));
    expect(alarms.slice(alarms.indexOf('memory'))).toEqual(['memory', undefined]);
  });
});

describe('publishing', () => {
  test('without a channel a publish is `closed` at once, and never sent later', async () => {
    const { connectors, isUp, send } = scene(({ publish }) => publish.failures.push(failure('broker_unreachable')));
    expect(await send('early')).toBe('closed');
    await isUp();
    expect(connectors.publish.last.publishers[0]!.flights).toEqual([]);
  });
});

describe('consuming', () => {
  test('a settlement goes to the channel of its delivery, and to none when that has ended: it is counted (row 17)', async () => {
    const late: ((settlement: Settlement) => void)[] = [];
    const { connectors, isUp, reports, until, want } = scene();
    want(() => new Promise((resolve) => void late.push(resolve)));
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const first = connectors.consume.last.consumers[0]!;
    first.deliver('a');
    first.deliver('b');
    await until('both are under way', () => late.length === 2);
    late[0]!('ack');
    await settle();
    first.end();
    await until('it consumes again', () => connectors.consume.last.consumers.length === 2);
    late[1]!('ack');
    await settle();
    expect(first.settled).toEqual(['ack a']);
    expect(connectors.consume.last.consumers[1]!.settled).toEqual([]);
    expect(reports.filter(({ type }) => type === 'settlementDropped')).toEqual([{ type: 'settlementDropped', queue: 'q' }]);
  });

  test('what waits in the mailbox when the channel ends is not handled: it comes again (row 17)', async () => {
    const handled: string[] = [];
    const { connectors, isUp, until, want } = scene();
    want((id) => (handled.push(id), 'ack'));
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const first = connectors.consume.last.consumers[0]!;
    first.end();
    first.deliver('behind the end');
    await until('it consumes again', () => connectors.consume.last.consumers.length === 2);
    connectors.consume.last.consumers[1]!.deliver('anew');
    await until('it is handled', () => handled.length > 0);
    expect(handled).toEqual(['anew']);
  });

  test('a handler that throws is told and its delivery comes again; no actor fails (row 16)', async () => {
    const { connectors, failed, isUp, reports, until, want } = scene();
    want((id) => {
      if (id === 'bad') throw new Error('thrown');
      return id === 'worse' ? Promise.reject(new Error('rejected')) : 'ack';
    });
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const { settled } = connectors.consume.last.consumers[0]!;
    for (const id of ['bad', 'worse', 'good']) connectors.consume.last.consumers[0]!.deliver(id);
    await until('all are settled', () => settled.length === 3);
    expect([...settled].toSorted()).toEqual(['ack good', 'requeue bad', 'requeue worse']);
    expect(reports.filter(({ type }) => type === 'handlerFailed')).toHaveLength(2);
    expect(failed()).toEqual([]);
  });

  test('a wish that is taken back ends its consumer, and what still arrives goes back', async () => {
    const { connectors, isUp, system, until, want } = scene();
    const { consumer, end, wish } = want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const channel = connectors.consume.last.consumers[0]!;
    wish.wanted = false;
    const cancelled = system.ask(consumer, (reply: Reply<void>) => ({ type: 'cancel', reply }) as const, { timeoutMs: 1_000 });
    channel.deliver('late');
    expect(await cancelled).toMatchObject({ ok: true });
    expect([channel.cancelled, channel.settled]).toEqual([true, ['requeue late']]);
    await end();
    expect(channel.alive).toBe(false);
    expect(system.inspect().find(({ path }) => path === consumer.path)).toMatchObject({ state: 'stopped' });
  });

  test('a consumer that is lost or cannot be begun is told with the reason, until that is one that lasts', async () => {
    const { connectors, escalated, isUp, reports, until, want } = scene();
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    connectors.consume.last.refusals.push(failure('broker_unreachable'), failure('topology_mismatch'));
    connectors.consume.last.consumers[0]!.end('cancelled by the test');
    await until('it has given up', () => escalated.length > 0);
    expect(reports.filter(({ type }) => type === 'consumerLost')).toEqual([
      { type: 'consumerLost', queue: 'q', code: 'transport_closed', reason: 'cancelled by the test' },
      { type: 'consumerLost', queue: 'q', code: 'broker_unreachable', reason: 'broker_unreachable of the test' },
    ]);
    expect(escalated).toEqual(['topology_mismatch']);
  });

  test('a wish is kept from before the first connection', async () => {
    const { connectors, isUp, until, want } = scene(({ publish }) => publish.failures.push(failure('broker_unreachable')));
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    expect(connectors.consume.last.consumers[0]).toMatchObject({ queue: 'q' });
  });
});
