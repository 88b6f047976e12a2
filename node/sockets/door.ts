// One listening socket and its connections, of which there are never more than allowed: a newcomer takes the place of the
// idlest that waits for no answer, and is told `busy` when all of them do.
import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';
import { withUmask } from '../home/umask.ts';
import type { Logger } from '../../effects/logger.ts';
import { yieldsBefore, type Client } from './client.ts';

export interface DoorOptions {
  /** Permissions taken from 0777. */
  readonly umask: number;
  /** Connections at most. */
  readonly connections: number;
  /** The last word to one that finds no room. */
  readonly full: string | Uint8Array;
  readonly logger: Logger;
  admit(socket: Socket): Client;
}

/** Connections the system holds until they are accepted; beyond it a client is told EAGAIN and tries again. */
const backlog = 1024;

const answers = async (path: string): Promise<boolean> => {
  const probe = connect(path);
  try {
    await once(probe, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
};

/** Removes the socket a dead daemon left behind. Anything else at that path is not ours to remove. */
const clear = async (path: string): Promise<Result<void>> => {
  try {
    const status = await lstat(path);
    if (!status.isSocket()) return fail('home_unusable', `${path} is in the way: it is not a socket`);
    if (await answers(path)) return fail('already_running', `another process serves ${path}`);
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') return fail('home_unusable', `${path} cannot be replaced (${systemCode(error)})`);
  }
  return ok(undefined);
};

export class Door {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #connections = new Set<Client>();

  constructor(options: DoorOptions) {
    this.#options = options;
    // Half-open, so that a client that ends its input with its last request still gets the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#admit(socket));
  }

  async open(path: string): Promise<Result<void>> {
    const cleared = await clear(path);
    if (!cleared.ok) return cleared;
    try {
      // The bind happens inside `listen`, before it returns.
      withUmask(this.#options.umask, () => this.#server.listen({ path, backlog }));
      await once(this.#server, 'listening');
    } catch (error) {
      return fail('home_unusable', `${path} cannot be listened on (${systemCode(error)})`);
    }
    this.#server.on('error', (error) => this.#options.logger.warn('a local socket could not accept a client', { path, reason: error.message }));
    return ok(undefined);
  }

  /** Takes no more connections, answers what is in flight, ends. */
  async drain(): Promise<void> {
    await this.#shut((connection) => connection.drain());
  }

  /** Ends at once. */
  async close(): Promise<void> {
    await this.#shut((connection) => connection.destroy());
  }

  checkTime(now: number): void {
    for (const connection of this.#connections) connection.checkTime(now);
  }

  async #shut(end: (connection: Client) => void): Promise<void> {
    // The server's close removes the socket's file and waits for the connections; a second one has nothing to close.
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) end(connection);
    await closed;
  }

  #admit(socket: Socket): void {
    if (this.#connections.size >= this.#options.connections && !this.#giveUpOne()) {
      socket.on('error', () => undefined);
      socket.end(this.#options.full);
      socket.destroy();
      return;
    }
    const connection = this.#options.admit(socket);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  #giveUpOne(): boolean {
    let first: Client | undefined;
    for (const connection of this.#connections) {
      if (connection.expendable && (first === undefined || yieldsBefore(connection.standing, first.standing))) first = connection;
    }
    if (first === undefined) return false;
    this.#connections.delete(first);
    first.giveUp();
    return true;
  }
}
