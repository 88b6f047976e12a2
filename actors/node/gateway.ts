// Lets the machine's own programs in: owns the local sockets and the drain of the spool, and turns what comes by them into
// messages.
//
// States: `opening` -> `open`; sockets that cannot be had are a crash. The spool is taken from the start on; between a spooled
// message and one that comes by the socket the order is that of their acceptance. It starts no process and opens no path
// on a caller's behalf, and it believes nothing a caller says of itself: which socket a request came by is all that counts.
import { JetpackError } from '../../protocol/errors.ts';
import type { LocalReply, LocalRequest, SpooledRequest } from '../../protocol/local.ts';
import { assertNever, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { startSpan } from '../../telemetry/span.ts';
import { requestSpan } from '../../telemetry/spans.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import type { ActorSnapshot } from '../system.ts';
import type { AcceptRequest } from './messaging.ts';

export interface LocalSockets {
  /** Takes no more requests and answers those in flight. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Takes what waits in the spool, from now on. */
export interface SpoolDrain {
  close(): Promise<void>;
}

export type GatewayMessage =
  | { readonly type: 'opened'; readonly sockets: Result<LocalSockets> }
  | { readonly type: 'failed'; readonly error: unknown };

export interface GatewayPorts {
  readonly openSockets: (handle: (request: LocalRequest) => Promise<LocalReply>) => Promise<Result<LocalSockets>>;
  readonly drainSpool: (submit: (request: SpooledRequest) => Promise<Result<void>>) => SpoolDrain;
  readonly messaging: ActorRef<AcceptRequest>;
  readonly inspect: () => readonly ActorSnapshot[];
  readonly onOpen: () => void;
}

interface State {
  readonly sockets: Promise<Result<LocalSockets>>;
  readonly spool: SpoolDrain;
}

/** A caller that names no time waits this long. */
const defaultWaitMs = 5_000;
/** No caller waits longer, whatever it says. */
const longestWaitMs = 30_000;

/** The sockets, if they were opened. Never rejects: what went wrong with them has crashed the actor. */
const opened = async ({ sockets }: State): Promise<LocalSockets | undefined> => {
  const result = await sockets.catch(() => undefined);
  return result?.ok === true ? result.value : undefined;
};

export const gateway = (ports: GatewayPorts): ActorDefinition<State, GatewayMessage> => {
  type Context = ActorContext<GatewayMessage>;

  const accept = async (context: Context, request: SpooledRequest, waitMs: number, trace: TraceContext | undefined): Promise<Result<void>> => {
    const asked = await context.ask(ports.messaging, (reply: Reply<Result<void>>) => ({ type: 'accept', request, reply }) as const, {
      timeoutMs: waitMs,
      trace,
    });
    return asked.ok ? asked.value : asked;
  };

  const answer = (id: string, result: Result<unknown>): LocalReply =>
    result.ok ? { ok: true, id, result: result.value } : { ok: false, id, code: result.error.code, message: result.error.message };

  const serve = async (context: Context, request: LocalRequest): Promise<LocalReply> => {
    const span = startSpan(requestSpan(request.verb, request.id, request.trace));
    const waitMs = Math.min(request.remainingMs ?? defaultWaitMs, longestWaitMs);
    try {
      switch (request.verb) {
        case 'log':
        case 'send': {
          const result = await accept(context, request, waitMs, span.trace);
          if (!result.ok) span.fail(result.error.code);
          return answer(request.id, result);
        }
        case 'inspect':
          return answer(request.id, { ok: true, value: { actors: ports.inspect() } });
        default:
          return assertNever(request);
      }
    } finally {
      span.end();
    }
  };

  return {
    name: 'gateway',
    start(context) {
      const sockets = ports.openSockets((request) => serve(context, request));
      context.pipeToSelf(sockets, (opened) => ({ type: 'opened', sockets: opened }), (error) => ({ type: 'failed', error }));
      const spool = ports.drainSpool((request) => accept(context, request, longestWaitMs, request.trace));
      return { sockets, spool };
    },
    receive(state, message) {
      switch (message.type) {
        case 'opened': {
          const { sockets } = message;
          if (!sockets.ok) throw new JetpackError(sockets.error.code, sockets.error.message);
          ports.onOpen();
          return state;
        }
        case 'failed':
          throw message.error;
        default:
          return assertNever(message);
      }
    },
    // A submit from the spool may wait long for messaging; the sockets must not wait for it, or a successor finds them taken.
    async drain(state) {
      await Promise.all([state.spool.close(), opened(state).then((sockets) => sockets?.drain())]);
    },
    async release(state) {
      await Promise.all([state.spool.close(), opened(state).then((sockets) => sockets?.close())]);
    },
  };
};
