// An HTTP server that its clients can neither fill nor hold up.
//
// A connection is waiting (for its first or next request to arrive) or busy (a request is being answered). When one
// connection too many comes, the one that has waited the longest gives way, so that those who open connections and say nothing
// keep nobody out. Where all are busy, the new one is turned away. What is slow, silent or malformed is cut.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { problem, problemType } from './problem.ts';

export interface ConnectionLimits {
  /** Connections at a time. One more has the longest idle give way. */
  readonly connections: number;
  /** One request's line and headers, bytes. */
  readonly headerBytes: number;
  /** For the headers to arrive, milliseconds. */
  readonly headersMs: number;
  /** For the whole request to arrive, milliseconds. */
  readonly requestMs: number;
  /** For anything to go in or out, milliseconds. */
  readonly silenceMs: number;
  /** How often the times of requests are looked at, milliseconds. */
  readonly lookMs: number;
}

const boundConnections = (server: Server, most: number): void => {
  let open = 0;
  /** In order of how long they have waited. */
  const waiting = new Set<Socket>();
  server.on('connection', (socket) => {
    open += 1;
    waiting.add(socket);
    socket.once('close', () => {
      open -= 1;
      waiting.delete(socket);
    });
    const [longest = socket] = waiting;
    if (open > most) longest.destroy();
  });
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) waiting.add(socket);
    });
  });
};

const complaintOf = (code: unknown): readonly [status: number, detail: string] => {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'the request did not arrive in time'];
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'the request line and headers are too large'];
    default:
      return [400, 'this is not an HTTP request'];
  }
};

/** For a request that cannot be read: says so, as far as the client listens, and ends the connection. */
export const refuseClient = ({ code }: { readonly code?: unknown }, socket: Socket): void => {
  if (socket.writable) {
    const [status, detail] = complaintOf(code);
    const answer = problem(status, 'request_invalid', detail);
    const body = JSON.stringify(answer);
    const headers = [`Content-Type: ${problemType}`, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
    socket.write(`HTTP/1.1 ${status} ${answer.title}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
};

export const createBoundedServer = (handler: RequestListener, limits: ConnectionLimits): Server => {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.silenceMs,
      connectionsCheckingInterval: limits.lookMs,
    },
    handler,
  );
  server.setTimeout(limits.silenceMs);
  boundConnections(server, limits.connections);
  return server;
};
