// What the tests of broker tree share.
import { afterEach } from '@jest/globals';
import { FakeConnector } from '../../actors/broker/testing/fake-broker.ts';
import type { Wish } from '../../actors/broker/consumer.ts';
import type { BrokerReport } from '../../actors/broker/ports.ts';
import { createWorld, settle, type World } from '../../actors/testing/world.ts';
import type { ManualClock } from '../../effects/manual-clock.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { message } from '../../transport/contract/world.ts';
import { Flights } from '../../transport/flights.ts';
import { Handlers } from '../../transport/handlers.ts';
import { InFlight } from '../../transport/in-flight.ts';
import type { Settlement } from '../../transport/port.ts';
import { brokerTree } from '../broker-tree.ts';
import { escalation } from '../escalation.ts';
import type { SupervisionEvent } from '../events.ts';
import { startSupervisor, type RunningSupervisor } from '../supervisor.ts';
import { endRunning } from './end-running.ts';

const running: { readonly world: World; readonly root: RunningSupervisor }[] = [];

/** Lets time go on, in steps that are short beside the waits between attempts, until the condition holds. */
export const until = async (clock: ManualClock, what: string, holds: () => boolean): Promise<void> => {
  for (let waited = 0; !holds(); waited += 1) {
    if (waited > 2_000) throw new Error(`waited in vain until ${what}`);
    await clock.advance(50);
    await settle(2);
  }
};

export const failure = (code: ErrorCode) => ({ code, message: `${code} of the test` });

export const scene = (prepare: (connectors: { readonly publish: FakeConnector; readonly consume: FakeConnector }) => void = () => undefined) => {
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

/** For each test of the file that calls it. */
export const useBrokerTreeStage = (): void => afterEach(() => endRunning(running));
