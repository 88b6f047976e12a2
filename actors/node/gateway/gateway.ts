// Lets the machine's own programs in: owns the local sockets, the HTTP port where one is asked for (http-port.ts), and the drain of the
// spool, and turns what comes by them into messages.
//
// States: `opening` -> `open`; sockets that cannot be had are a crash. The spool is taken from the start on; between a spooled
// message and one that comes by the socket the order is that of their acceptance. It starts no process and opens no path
// on a caller's behalf, and it believes nothing a caller says of itself: which socket a request came by is all that counts.
import type { Logger } from '../../../effects/logger.ts';
import { JetpackError } from '../../../protocol/errors.ts';
import type { LocalReply, LocalRequest, SpooledRequest } from '../../../protocol/local.ts';
import type { Result } from '../../../protocol/result.ts';
import type { ActorDefinition } from '../../definition.ts';
import { HttpPort, type HttpPortMessage } from './http-port.ts';
import { longestWaitMs, RequestServer, type Asker, type ServePorts } from './serve-request.ts';

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
  | { readonly type: 'failed'; readonly error: unknown }
  | HttpPortMessage;

export interface GatewayPorts extends ServePorts {
  readonly openSockets: (handle: (request: LocalRequest, asker: Asker) => Promise<LocalReply>) => Promise<Result<LocalSockets>>;
  /** Listens on a port of loopback for messages that programs post. Fails with `port_unavailable`. */
  readonly openHttp: (port: number, handle: (request: LocalRequest, asker: Asker) => Promise<LocalReply>) => Promise<Result<LocalSockets>>;
  readonly drainSpool: (submit: (request: SpooledRequest) => Promise<Result<void>>) => SpoolDrain;
  readonly onOpen: () => void;
  readonly logger: Logger;
}

interface State {
  readonly sockets: Promise<Result<LocalSockets>>;
  readonly http: HttpPort;
  readonly spool: SpoolDrain;
  /** Answers requests that take long, when it is about to end. */
  readonly stopping: AbortController;
}

/** The sockets, if they were opened. Never rejects: what went wrong with them has crashed the actor. */
const opened = async ({ sockets }: State): Promise<LocalSockets | undefined> => {
  const result = await sockets.catch(() => undefined);
  return result?.ok === true ? result.value : undefined;
};

export const gateway = (ports: GatewayPorts): ActorDefinition<State, GatewayMessage> => ({
  name: 'gateway',
  start(context) {
    const stopping = new AbortController();
    const server = new RequestServer(ports, context, stopping.signal);
    const serve = (request: LocalRequest, asker: Asker): Promise<LocalReply> => server.serve(request, asker);
    const sockets = ports.openSockets(serve);
    const http = new HttpPort({ ...ports, openHttp: (port) => ports.openHttp(port, serve) }, context);
    context.pipeToSelf(sockets, (opened) => ({ type: 'opened', sockets: opened }), (error) => ({ type: 'failed', error }));
    const spool = ports.drainSpool((request) => server.accept(request, longestWaitMs, request.trace));
    return { http, sockets, spool, stopping };
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
        state.http.received(message);
        return state;
    }
  },
  // A submit from the spool may wait long for messaging; the sockets must not wait for it, or a successor finds them taken.
  async drain(state) {
    state.stopping.abort();
    await Promise.all([state.spool.close(), state.http.end((listener) => listener.drain()), opened(state).then((sockets) => sockets?.drain())]);
  },
  async release(state) {
    state.stopping.abort();
    await Promise.all([state.spool.close(), state.http.end((listener) => listener.close()), opened(state).then((sockets) => sockets?.close())]);
  },
});
