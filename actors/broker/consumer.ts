// Owns one channel and the one consumer on it: a wish to consume a queue, as long as the wish lasts.
//
// States: resting (until its patience allows) → asking (for the connection) → opening (topology, channel, consumer) → open →
// ended (the channel, or the consumer by the broker), which is a crash. A channel that ended with its connection is none: the
// connection's own crash brings this actor down as well. From any state `cancel` → cancelled: nothing more is taken, and
// what is under way may still be settled. Deliveries are messages of this actor; the handlers of the wish outlive it, and a
// settlement goes out on the channel of its delivery or, when that is gone, nowhere: then it is counted, and the broker
// delivers again.
import { assertNever, type Failure, type Result } from '../../protocol/result.ts';
import type { Incoming } from '../../transport/broker-side.ts';
import type { Handlers } from '../../transport/handlers.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import type { Lent } from './connection.ts';
import type { Connection, ConsumeChannel, Report } from './ports.ts';
import { BrokerTrouble, type Patience } from './trouble.ts';

export type ConsumerMessage =
  | Lent
  | { readonly type: 'delivery'; readonly incoming: Incoming }
  /** Answered when the broker delivers no more. */
  | { readonly type: 'cancel'; readonly reply: Reply<void> }
  | { readonly type: 'attempt' }
  | { readonly type: 'opened'; readonly result: Result<ConsumeChannel> }
  | { readonly type: 'ended'; readonly failure: Failure }
  | { readonly type: 'cancelled'; readonly reply: Reply<void> }
  | { readonly type: 'failed'; readonly error: unknown };

/** What is wanted, over every incarnation. */
export interface Wish {
  readonly queue: string;
  readonly prefetch: number;
  readonly handlers: Handlers;
  /** False once it is cancelled: what still arrives goes back. */
  wanted: boolean;
}

export interface ConsumerPorts {
  /** Of the actor, unique on its side. */
  readonly name: string;
  readonly wish: Wish;
  readonly connection: ActorRef<{ readonly type: 'borrow'; readonly borrower: ActorRef<Lent> }>;
  readonly patience: Patience;
  readonly report: Report;
}

interface State {
  readonly connection: Connection | undefined;
  readonly opening: Promise<Result<ConsumeChannel>> | undefined;
  readonly channel: ConsumeChannel | undefined;
  /** Who waits for the end of a consumer that is still being opened. */
  readonly cancelling: Reply<void> | undefined;
}

export const brokerConsumer = (ports: ConsumerPorts): ActorDefinition<State, ConsumerMessage> => {
  const { patience, report, wish } = ports;
  const { handlers, prefetch, queue } = wish;
  type Context = ActorContext<ConsumerMessage>;

  const open = (state: State, connection: Connection, context: Context): State => {
    // Lent to a predecessor, or gone by now: then this actor ends with it.
    if (state.connection !== undefined || !connection.alive || !wish.wanted) return state;
    const opening = connection.consumer(queue, prefetch, {
      delivered: (incoming) => void context.tell(context.self, { type: 'delivery', incoming }),
      // Told whether or not this actor is still there.
      dropped: (count) => {
        for (let one = 0; one < count; one += 1) report({ type: 'settlementDropped', queue });
      },
      ended: (failure) => void context.tell(context.self, { type: 'ended', failure }),
    });
    context.pipeToSelf(opening, (result) => ({ type: 'opened', result }), (error) => ({ type: 'failed', error }));
    return { ...state, connection, opening };
  };

  const opened = (state: State, result: Result<ConsumeChannel>, context: Context): State => {
    if (!result.ok) {
      state.cancelling?.();
      return lose(state, result.error);
    }
    patience.succeeded();
    const { others } = result.value;
    if (others > 0) report({ type: 'consumerShared', queue, others });
    const next = { ...state, channel: result.value };
    return state.cancelling === undefined ? next : cancel(next, state.cancelling, context);
  };

  const lose = (state: State, failure: Failure): State => {
    if (state.connection?.alive !== true || !wish.wanted) return state;
    const { code, message } = failure;
    const { lasting } = patience.failed(failure);
    if (!lasting) report({ type: 'consumerLost', queue, code, reason: message });
    throw new BrokerTrouble({ code, message: `${queue}: ${message}` }, lasting);
  };

  const take = ({ delivery, settle }: Incoming): void => {
    if (wish.wanted) {
      handlers.run(delivery, settle);
    } else settle('requeue');
  };

  const cancel = (state: State, reply: Reply<void>, context: Context): State => {
    if (state.channel !== undefined) {
      context.pipeToSelf(state.channel.cancel(), () => ({ type: 'cancelled', reply }), (error) => ({ type: 'failed', error }));
    } else if (state.opening !== undefined && state.connection?.alive === true) return { ...state, cancelling: reply };
    else reply();
    return state;
  };

  return {
    name: ports.name,
    // As many as may be unsettled, and what is said besides.
    capacity: prefetch + 1_000,
    start(context) {
      if (wish.wanted) context.later(patience.remainingMs, { type: 'attempt' });
      return { connection: undefined, opening: undefined, channel: undefined, cancelling: undefined };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'delivery':
          take(message.incoming);
          return state;
        case 'attempt':
          context.tell(ports.connection, { type: 'borrow', borrower: context.self });
          return state;
        case 'lent':
          return open(state, message.connection, context);
        case 'opened':
          return opened(state, message.result, context);
        case 'cancel':
          return cancel(state, message.reply, context);
        case 'cancelled':
          message.reply();
          return state;
        case 'ended':
          return lose(state, message.failure);
        case 'failed':
          throw message.error;
        default:
          return assertNever(message);
      }
    },
    async release({ opening }) {
      const opened = await opening;
      if (opened?.ok === true) await opened.value.close();
    },
  };
};
