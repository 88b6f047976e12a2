// Owns the one confirm channel. What is to be published comes as a flight, and lands by the channel's word.
//
// States: resting (until its patience allows) → asking (for the connection) → opening (topology, then the channel) → open →
// ended, which is a crash. A channel that ended with its connection is none: the connection's own crash brings this actor
// down as well. In every state but open a flight lands as `closed` at once. It keeps no flight and sends none twice.
import { assertNever, type Failure, type Result } from '../../protocol/result.ts';
import type { Flight } from '../../transport/flights.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef } from '../ref.ts';
import type { Announce, Lent } from './connection.ts';
import type { Connection, PublishChannel, Report } from './ports.ts';
import { BrokerTrouble, type Patience } from './trouble.ts';

export type PublisherMessage =
  | Flight
  | Lent
  | Announce
  | { readonly type: 'attempt' }
  | { readonly type: 'opened'; readonly result: Result<PublishChannel> }
  | { readonly type: 'ended'; readonly failure: Failure }
  | { readonly type: 'failed'; readonly error: unknown };

export interface PublisherPorts {
  readonly connection: ActorRef<{ readonly type: 'borrow'; readonly borrower: ActorRef<Lent> }>;
  /** Told whenever publishes can be made. */
  readonly follower: ActorRef<{ readonly type: 'publishing' }>;
  readonly patience: Patience;
  readonly report: Report;
}

interface State {
  readonly connection: Connection | undefined;
  readonly opening: Promise<Result<PublishChannel>> | undefined;
  readonly channel: PublishChannel | undefined;
}

/** More than may be in flight: what comes beyond was not asked for with `ready`. */
const capacity = 100_000;

export const brokerPublisher = (ports: PublisherPorts): ActorDefinition<State, PublisherMessage> => {
  const { patience, report } = ports;
  type Context = ActorContext<PublisherMessage>;

  const open = (state: State, connection: Connection, context: Context): State => {
    // Lent to a predecessor, or gone by now: then this actor ends with it.
    if (state.connection !== undefined || !connection.alive) return state;
    report({ type: 'connecting', attempt: 1 });
    const opening = connection.publisher((failure) => void context.tell(context.self, { type: 'ended', failure }));
    context.pipeToSelf(opening, (result) => ({ type: 'opened', result }), (error) => ({ type: 'failed', error }));
    return { ...state, connection, opening };
  };

  const opened = (state: State, result: Result<PublishChannel>, context: Context): State => {
    const { connection } = state;
    if (connection === undefined || !connection.alive) return state;
    if (!result.ok) return lose(state, result.error);
    patience.succeeded();
    report({ type: 'up', side: 'publish', broker: connection.broker, product: connection.profile.product });
    context.tell(ports.follower, { type: 'publishing' });
    return { ...state, channel: result.value };
  };

  const lose = (state: State, failure: Failure): State => {
    if (state.connection?.alive !== true) return state;
    const { lasting, retryInMs } = patience.failed(failure);
    if (!lasting) report({ type: 'down', side: 'publish', wholly: false, failure, retryInMs });
    throw new BrokerTrouble(failure, lasting);
  };

  return {
    name: 'publisher',
    capacity,
    start(context) {
      context.later(patience.remainingMs, { type: 'attempt' });
      return { connection: undefined, opening: undefined, channel: undefined };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'publish':
          if (state.channel === undefined) message.land('closed');
          else state.channel.publish(message);
          return state;
        case 'attempt':
          context.tell(ports.connection, { type: 'borrow', borrower: context.self });
          return state;
        case 'lent':
          return open(state, message.connection, context);
        case 'opened':
          return opened(state, message.result, context);
        case 'announce':
          if (state.channel !== undefined) context.tell(ports.follower, { type: 'publishing' });
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
