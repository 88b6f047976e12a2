// What the tests of messaging share.
import { afterEach } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { Result } from '../../../protocol/result.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import { address, bodies, frame, newId, stream } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { messaging, type MessagingMessage } from '../messaging/messaging.ts';
import { HeldOutbox } from './held-outbox.ts';
import { MemoryState } from './memory-state.ts';
import type { NodeTransportMessage } from '../transport.ts';

export const destination = { address, reportsExchange: 'reports', userExchange: 'user' };

let world: World;

export type Publish = Extract<NodeTransportMessage, { type: 'publish' }>;

/** Messaging before an outbox and a transport that are the test's. */
export const begin = async (outbox = new HeldOutbox(stream), state = new MemoryState()) => {
  world = createWorld();
  const { clock, system } = world;
  const transport = probe<NodeTransportMessage>(system, 'transport');
  const log = recordLog();
  const ports = { outbox, state, destination, transport: transport.ref, clock, random: seededRandom(1), logger: log.logger };
  const watching = supervise('end');
  const incarnation = system.spawn('messaging', messaging(ports), watching);
  const ref: ActorRef<MessagingMessage> = system.ref('messaging');
  await settle();
  let taken = 0;
  const tell = async (message: MessagingMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  return {
    clock,
    incarnation,
    log,
    outbox,
    ref,
    system,
    tell,
    transport,
    watching,
    ask: (build: (reply: Reply<Result<void>>) => MessagingMessage): Promise<AskResult<Result<void>>> => system.ask(ref, build, { timeoutMs: 60_000 }),
    link: (up: boolean) => tell({ type: 'connection', up }),
    /** Appends rows as if they had been accepted earlier, and wakes whoever waits for them. */
    accepted: async (...payloads: readonly string[]) => {
      outbox.add('report', ...payloads);
      await tell({ type: 'durable' });
      await clock.advance(5);
      await settle();
    },
    answer: async (body: Partial<typeof bodies.applied>) => tell({ type: 'answer', frame: frame('applied', { ...bodies.applied, ...body }) }),
    /** What it asked to be published since the last look. */
    published: (): readonly Publish[] => {
      const all = transport.received.filter((message): message is Publish => message.type === 'publish');
      return all.slice(taken, (taken = all.length));
    },
  };
};

export const payload = (message: string): string => JSON.stringify({ kind: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message });

export const outcome = (value: PublishOutcome['outcome']): PublishOutcome => ({ outcome: value });

/** For each test of the file that calls it. */
export const useMessagingStage = (): void => {
  afterEach(() => world.system.stop());
};
