// A node's home for tests of the command line, and daemons of every kind on its socket.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { homePaths, type HomePaths } from '../../node/home/paths.ts';
import { prepareHome } from '../../node/home/prepare.ts';
import { claimSocketPaths, type SocketPaths } from '../../node/home/socket-paths.ts';
import { listenLocal } from '../../node/sockets/listen.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { LocalReply, LocalRequest } from '../../protocol/local.ts';

export class TestHome {
  readonly home: string;
  readonly paths: HomePaths;
  readonly #endings: Array<() => Promise<void>> = [];

  /** `folder` is where in the temporary folder the home lies. */
  constructor(folder = '') {
    this.home = mkdtempSync(path.join(tmpdir(), 'cli-'));
    this.paths = homePaths(path.join(this.home, folder));
  }

  /** A daemon that answers as told, and the requests it got. */
  async daemon(answer: (request: LocalRequest) => LocalReply | Promise<LocalReply> = ({ id }) => ({ ok: true, id, result: null })): Promise<LocalRequest[]> {
    const requests: LocalRequest[] = [];
    const listener = await listenLocal({
      paths: this.sockets(),
      home: this.paths.home,
      handle: async (request) => {
        requests.push(request);
        return answer(request);
      },
      clock: systemClock,
      logger: silentLogger,
    });
    if (!listener.ok) throw new Error(listener.error.message);
    this.#endings.push(() => listener.value.close());
    return requests;
  }

  /** A daemon that refuses everything with this code. */
  async refusingDaemon(code: ErrorCode | 'from_the_future', message: string): Promise<void> {
    await this.daemon(({ id }) => ({ ok: false, id, code, message }));
  }

  /** Something on the daemon's socket that is none. */
  async impostor(behave: (socket: Socket) => void, on: 'cluster' | 'admin' | 'front' | 'frontAdmin' = 'cluster'): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      behave(socket);
    });
    server.listen(this.sockets()[on]);
    await once(server, 'listening');
    this.#endings.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
  }

  spooled(): unknown[] {
    const names = readdirSync(this.paths.spool).filter((name) => name !== 'rejected');
    return names.sort().map((name) => JSON.parse(readFileSync(path.join(this.paths.spool, name), 'utf8')) as unknown);
  }

  async remove(): Promise<void> {
    for (const end of this.#endings) await end();
    rmSync(this.home, { recursive: true });
  }

  /** Where a daemon of this home listens. */
  sockets(): SocketPaths {
    const prepared = prepareHome(this.paths);
    if (!prepared.ok) throw new Error(prepared.error.message);
    const sockets = claimSocketPaths(this.paths, this.home);
    if (!sockets.ok) throw new Error(sockets.error.message);
    return sockets.value;
  }
}
