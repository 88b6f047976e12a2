// Listens for messages on a port of loopback, for programs of this machine.
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { LocalSockets } from '../../actors/node/gateway/gateway.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';
import { createBoundedServer, refuseClient, type ConnectionLimits } from './bounded-server.ts';
import { messagesHandler, type MessagesOptions } from './messages.ts';

export interface MessagesListener extends LocalSockets {
  readonly port: number;
}

const host = '127.0.0.1';

const limits: ConnectionLimits = { connections: 64, headerBytes: 16_384, headersMs: 5_000, requestMs: 10_000, silenceMs: 10_000, lookMs: 1_000 };

/** `port` 0 is any free one. Fails with `port_unavailable`. */
export const listenMessages = async (port: number, options: MessagesOptions): Promise<Result<MessagesListener>> => {
  const handler = messagesHandler(options);
  const answering = new Set<Promise<void>>();
  const server = createBoundedServer((request, response) => {
    const answered = handler.answer(request, response);
    answering.add(answered);
    void answered.finally(() => answering.delete(answered));
  }, limits);
  // The stream of a server over TCP is a socket.
  server.on('clientError', (error, stream) => refuseClient({ code: systemCode(error) }, stream as Socket));
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const code = systemCode(error);
    return fail('port_unavailable', code === 'EADDRINUSE' ? `port ${port} of ${host} is in use by another program` : `port ${port} of ${host} cannot be listened on (${code})`);
  }
  server.on('error', (error) => options.logger.warn('the HTTP port could not accept a program', { reason: error.message }));
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  const { port: bound } = server.address() as AddressInfo; // it listens on a port
  return ok({
    port: bound,
    async drain() {
      server.close();
      handler.cut();
      await Promise.all(answering);
      server.closeAllConnections();
      await closed;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
};
