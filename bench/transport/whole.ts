// The whole way: arrays of events handed to a node's messaging actor, its outbox, the broker, a server's events actor and
// store. Node and server are as in their daemons, each with an actor system, connections and a file of its own, in this process.
import path from 'node:path';
import { messaging, type MessagingMessage } from '../../actors/node/messaging/messaging.ts';
import type { Outbox, OutboxRow } from '../../actors/node/messaging/ports.ts';
import { nodeTransport } from '../../actors/node/transport.ts';
import type { Reply } from '../../actors/ref.ts';
import { events } from '../../actors/server/events.ts';
import type { Store } from '../../actors/server/ports.ts';
import { serverTransport } from '../../actors/server/transport.ts';
import { createOutbox } from '../../node/outbox/outbox.ts';
import { outboxSchema } from '../../node/outbox/schema.ts';
import { openState } from '../../node/state/state.ts';
import type { Result } from '../../protocol/result.ts';
import { eventLogOver } from '../../server/event-log.ts';
import { storeSchema } from '../../server/store/schema.ts';
import { createStore } from '../../server/store/store.ts';
import { openDatabase, type Database } from '../../storage/database.ts';
import { brokerLeaf, leaf } from '../../supervisors/leaf.ts';
import { actor } from '../../supervisors/spec.ts';
import { LogFile } from '../../telemetry/log-file.ts';
import { namesFor, nodeQueue, nodeTopology, serverTopology } from '../../transport/topology.ts';
import type { Transport } from '../../transport/port.ts';
import { inFolder } from '../folder.ts';
import { makeEvent } from './events.ts';
import { deleteTopology, freshPrefix, type BrokerAccess } from './fresh.ts';
import { around, openTransport, startSide } from './side.ts';
import { timedConsumer, timedDatabase, timedHandlers, type Stages } from './stages.ts';

export interface WholeLoad {
  readonly events: number;
  /** Events handed over at a time. */
  readonly array: number;
  /** One frame holds at most so many; without it messaging decides. */
  readonly perFrame?: number;
}

const address = { cluster: 'bench', node: 'node' };
const owner = { ...address, instanceId: 'bench' };
/** Events that were handed over and are not stored. */
const mostUnderWay = 8_192;
const flushMs = 30_000;

const unwrap = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

/**
 * An outbox of which messaging sees so many rows at a time when it first reads them, so that each frame holds no more. They are
 * read from the file as many at a time as messaging asks for. What it reads again, to publish it again, it knows the extent of.
 */
const servingAtMost = (outbox: Outbox, most: number): Outbox => {
  let ahead: readonly OutboxRow[] = [];
  return {
    ...outbox,
    read: (stream, lane, from, limit) => {
      if (limit.bytes === Infinity || lane !== 'report') return outbox.read(stream, lane, from, limit);
      if (ahead[0]?.sequence !== from) ahead = outbox.read(stream, lane, from, limit);
      const served = ahead.slice(0, most);
      ahead = ahead.slice(most);
      return served;
    },
  };
};

const stageOf = (actorPath: string): string | undefined => {
  if (actorPath === 'node/messaging') return 'encode (messaging)';
  if (actorPath === 'server/events') return 'decode (events)';
  return undefined;
};

interface Opened {
  readonly outbox: Outbox;
  readonly store: Store;
  /** Told when so many events are stored in all. */
  readonly onStored: (listener: (stored: number) => void) => void;
  readonly ask: (message: (reply: Reply<Result<void>>) => MessagingMessage) => Promise<void>;
  readonly flush: () => Promise<void>;
  readonly failed: Promise<never>;
}

const sized = <T extends object>(value: T, wrap: ((value: T) => T) | undefined): T => wrap?.(value) ?? value;

/** Opens both sides on files in `folder`, runs, and ends them in order. */
const onBothSides = async <T>(access: BrokerAccess, folder: string, perFrame: number | undefined, stages: Stages | undefined, run: (opened: Opened) => Promise<T>): Promise<T> => {
  const prefix = freshPrefix();
  const names = namesFor(prefix);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const database = (name: string, schema: Parameters<typeof openDatabase>[1], stage: string): Database => {
    const opened = unwrap(openDatabase(path.join(folder, `${name}.db`), schema, 'store_unwritable', around.clock.now())).database;
    return sized(opened, stages && ((plain) => timedDatabase(plain, stages, stage)));
  };
  const own = createOutbox(database('outbox', outboxSchema(owner), 'outbox'), around);
  const outbox = perFrame === undefined ? own : servingAtMost(own, perFrame);
  const state = unwrap(openState(path.join(folder, 'state.db'), owner, around.clock)).state;
  const store = createStore(database('store', storeSchema, 'store'), around);
  const logFile = new LogFile({ path: path.join(folder, 'cycle_server.log'), clock: around.clock, onProblem: reject });
  const listening = Promise.withResolvers<void>();
  let stored = 0;
  let listener: (count: number) => void = () => undefined;
  const watched: Store = {
    ...store,
    applyBatch: async (batch) => {
      const result = await store.applyBatch(batch);
      if (result.ok && result.value.outcome === 'applied') listener((stored += result.value.stored.length));
      return result;
    },
  };
  const open = (name: string, topology: typeof nodeSide, timed: string) => (system: Parameters<typeof openTransport>[3]) => (): Transport =>
    sized(openTransport(access, name, topology, system), stages && ((plain) => timedConsumer(plain, stages, timed)));
  const nodeSide = nodeTopology(prefix, address);
  const serverSide = serverTopology(prefix);
  const interceptors = stages === undefined ? [] : [timedHandlers(stages, stageOf)];

  const server = startSide(
    'server',
    interceptors,
    (system, sink) => [
      actor(
        events({ ...around, store: watched, eventLog: eventLogOver(logFile, 0), reportsQueue: names.events, transport: system.ref('server/transport'), roster: sink }),
        leaf,
      ),
      actor(
        serverTransport({
          ...around,
          open: () => {
            const transport = open('bench-server', serverSide, 'decode (frame)')(system)();
            transport.onStatus(({ type }) => {
              if (type === 'connected') listening.resolve();
            });
            return transport;
          },
          queues: { reports: names.events, presence: names.presence },
          commandsExchange: names.commands,
          identities: undefined,
          events: system.ref('server/events'),
          roster: sink,
          orchestrator: sink,
          enrolment: sink,
        }),
        brokerLeaf,
      ),
    ],
    reject,
  );
  // A node that publishes before would have its first frames returned, and wait.
  await Promise.race([listening.promise, failed]);
  const node = startSide(
    'node',
    interceptors,
    (system, sink) => [
      actor(
        nodeTransport({ ...around, open: open('bench-node', nodeSide, 'answers')(system), commandQueue: nodeQueue(prefix, address), messaging: system.ref('node/messaging'), sync: sink, config: sink }),
        brokerLeaf,
      ),
      actor(
        messaging({ ...around, outbox, state, destination: { address, reportsExchange: names.reports, userExchange: names.user }, transport: system.ref('node/transport') }),
        leaf,
      ),
    ],
    reject,
  );
  const messagingRef = node.system.ref<MessagingMessage>('node/messaging');
  try {
    return await run({
      outbox,
      store,
      failed,
      onStored: (told) => (listener = told),
      ask: async (message) => {
        const { promise, resolve } = Promise.withResolvers<Result<void>>();
        node.system.tell(messagingRef, message(resolve));
        unwrap(await promise);
      },
      flush: async () => {
        unwrap(await node.system.ask(messagingRef, (reply: Reply<void>) => ({ type: 'flush', reply }) as const, { timeoutMs: flushMs }));
      },
    });
  } finally {
    await node.stop();
    await server.stop();
    await Promise.all([outbox.close(), state.close(), store.close(), logFile.close()]);
    await deleteTopology(access, { ...serverSide, queues: [...serverSide.queues, ...nodeSide.queues] });
  }
};

/** Hands over `count` events and waits until the server has committed them; events a second. */
const carry = async ({ ask, failed, onStored }: Opened, count: number, array: number, before: number): Promise<number> => {
  const goal = Math.ceil(count / array) * array;
  const done = Promise.withResolvers<void>();
  let handed = 0;
  let stored = 0;
  const more = (): void => {
    while (handed < goal && handed - stored < mostUnderWay) {
      handed += array;
      const own = Array.from({ length: array }, makeEvent);
      ask((reply) => ({ type: 'reports', events: own, reply })).then(more, done.reject);
    }
  };
  onStored((total) => {
    stored = total - before;
    if (stored >= goal) done.resolve();
    else more();
  });
  const begun = around.clock.monotonic();
  more();
  await Promise.race([done.promise, failed]);
  return (goal / (around.clock.monotonic() - begun)) * 1_000;
};

const warmUpEvents = 512;

/** Hands over, waits, and sees to it that the outbox has heard of it. */
const carryAll = async (opened: Opened, count: number, array: number): Promise<number> => {
  const rate = await carry(opened, count, array, opened.store.count());
  await opened.flush();
  if (opened.outbox.depth().rows > 0) throw new Error('the outbox was not emptied');
  return rate;
};

export interface Carried {
  /** Events a second from the first array handed over to the server's last commit. */
  readonly rate: number;
  /** Where the time went, if that was asked for. */
  readonly shares: Readonly<Record<string, number>> | undefined;
}

export const wholeWay = (access: BrokerAccess, load: WholeLoad, stages?: () => Stages): Promise<Carried> =>
  inFolder((folder) => {
    const watch = stages?.();
    return onBothSides(access, folder, load.perFrame, watch, async (opened) => {
      await carryAll(opened, warmUpEvents, load.array);
      watch?.restart();
      const rate = await carryAll(opened, load.events, load.array);
      return { rate, shares: watch?.shares('broker, disk and network (idle)', 'client, sockets, actors, collection (rest)') };
    });
  });

const flowArray = 256;

/** Gives `run` what lets so many events through and resolves with their rate. */
export const wholeFlow = <T>(access: BrokerAccess, run: (flow: (events: number) => Promise<number>) => Promise<T>): Promise<T> =>
  inFolder((folder) => onBothSides(access, folder, undefined, undefined, (opened) => run((events) => carryAll(opened, events, flowArray))));
