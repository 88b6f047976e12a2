// Owns one connection to the broker.
//
// States: resting (until its patience allows an attempt) → waiting (only where it goes after the publisher: until that
// publishes) → connecting → open → lost, which is a crash. An attempt that fails is expected: back to resting, for ever,
// unless trying again cannot help: that is a crash too, one that escalates. It opens no channel itself: it lends the connection
// to those who asked, once it is open. It never reconnects: a successor does, after everything of this connection has ended.
import type { Logger } from '../../effects/logger.ts';
import { assertNever, type Failure, type Result } from '../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef } from '../ref.ts';
import type { Connection, Connector, Report, Side } from './ports.ts';
import { BrokerTrouble, type Patience } from './trouble.ts';

/** An open connection, told to who asked for it. By the time it is read it may be gone. */
export interface Lent {
  readonly type: 'lent';
  readonly connection: Connection;
}

/** Asks the publisher to say when it publishes. */
export interface Announce {
  readonly type: 'announce';
}

export type ConnectionMessage =
  | { readonly type: 'borrow'; readonly borrower: ActorRef<Lent> }
  | { readonly type: 'publishing' }
  | { readonly type: 'attempt' }
  | { readonly type: 'opened'; readonly result: Result<Connection> }
  | { readonly type: 'lost'; readonly failure: Failure }
  | { readonly type: 'alarm'; readonly reason: string | undefined }
  | { readonly type: 'failed'; readonly error: unknown };

export interface ConnectionPorts {
  readonly side: Side;
  readonly connector: Connector;
  /** The publisher that goes first: a broker that refuses is asked once, and not by both sides. */
  readonly after?: ActorRef<Announce>;
  readonly patience: Patience;
  readonly report: Report;
  /** Aborted when the whole transport closes. */
  readonly closing: AbortSignal;
  readonly logger: Logger;
}

interface State {
  readonly phase: 'resting' | 'waiting' | 'connecting' | 'open';
  readonly attempt: number;
  readonly connection: Connection | undefined;
  readonly borrowers: ReadonlySet<ActorRef<Lent>>;
  /** Gives up the attempt under way. */
  readonly ended: AbortController;
}

export const brokerConnection = (ports: ConnectionPorts): ActorDefinition<State, ConnectionMessage> => {
  const { after, closing, connector, logger, patience, report, side } = ports;
  type Context = ActorContext<ConnectionMessage>;

  const connect = (state: State, context: Context): State => {
    const attempt = state.attempt + 1;
    report({ type: 'connecting', attempt });
    const listener = {
      lost: (failure: Failure) => void context.tell(context.self, { type: 'lost', failure }),
      alarm: (reason: string | undefined) => void context.tell(context.self, { type: 'alarm', reason }),
    };
    const opened = connector.open(listener, AbortSignal.any([closing, state.ended.signal]));
    context.pipeToSelf(opened, (result) => ({ type: 'opened', result }), (error) => ({ type: 'failed', error }));
    return { ...state, phase: 'connecting', attempt };
  };

  const attempt = (state: State, context: Context): State => {
    if (closing.aborted) return state;
    if (after === undefined) return connect(state, context);
    context.tell(after, { type: 'announce' });
    return { ...state, phase: 'waiting' };
  };

  /** Throws when trying again cannot help. */
  const down = (failure: Failure): number => {
    const { lasting, retryInMs } = patience.failed(failure);
    if (lasting) throw new BrokerTrouble(failure, true);
    report({ type: 'down', side, wholly: true, failure, retryInMs });
    return retryInMs;
  };

  const opened = (state: State, result: Result<Connection>, context: Context): State => {
    if (!result.ok) {
      if (closing.aborted) return state;
      context.later(down(result.error), { type: 'attempt' });
      return { ...state, phase: 'resting' };
    }
    const connection = result.value;
    const { doubt } = connection.profile;
    if (doubt !== undefined) logger.warn(`${connection.broker}: ${doubt}`);
    patience.succeeded();
    // What a predecessor that ended by a defect could not take back.
    if (side === 'publish') report({ type: 'alarm', reason: undefined });
    if (side === 'consume') report({ type: 'up', side, broker: connection.broker, product: connection.profile.product });
    for (const borrower of state.borrowers) context.tell(borrower, { type: 'lent', connection });
    return { ...state, phase: 'open', connection, borrowers: new Set() };
  };

  return {
    name: 'connection',
    start(context) {
      context.later(patience.remainingMs, { type: 'attempt' });
      return { phase: 'resting', attempt: 0, connection: undefined, borrowers: new Set(), ended: new AbortController() };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'borrow':
          if (state.connection === undefined) return { ...state, borrowers: new Set([...state.borrowers, message.borrower]) };
          context.tell(message.borrower, { type: 'lent', connection: state.connection });
          return state;
        case 'attempt':
          return attempt(state, context);
        case 'publishing':
          return state.phase === 'waiting' ? connect(state, context) : state;
        case 'opened':
          return opened(state, message.result, context);
        case 'alarm':
          report({ type: 'alarm', reason: message.reason });
          return state;
        case 'lost':
          down(message.failure);
          throw new BrokerTrouble(message.failure, false);
        case 'failed':
          throw message.error;
        default:
          return assertNever(message);
      }
    },
    async release({ connection, ended }) {
      ended.abort();
      await connection?.close();
    },
  };
};
