// The sockets of a daemon in this process, with a home of its own, for tests of the front.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { ManualClock } from '../../../effects/manual-clock.ts';
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import type { LocalRequest } from '../../../protocol/local.ts';
import { KeptTree } from '../../config/kept-tree.ts';
import { prepareHome } from '../../home/prepare.ts';
import { homePaths } from '../../home/paths.ts';
import { claimSocketPaths, type SocketPaths } from '../../home/socket-paths.ts';
import { listenLocal, type LocalListener } from '../../sockets/listen.ts';
import { localLimits, type LocalLimits } from '../../sockets/limits.ts';
import { SharedMemory } from '../../sockets/memory.ts';
import type { HandleRequest } from '../../sockets/requests.ts';
import { FrontConnection } from '../connection.ts';
import { beginning, FrontClient, type Heard } from './front-client.ts';

export interface CallOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Null: it is gone. */
  readonly cwd?: string | null;
  readonly on?: 'front' | 'frontAdmin';
}

export class FrontDaemon {
  readonly home = mkdtempSync(path.join(tmpdir(), 'front-'));
  readonly clock = new ManualClock();
  readonly log: RecordedLog = recordLog();
  /** What `accepts` was asked. */
  readonly requests: LocalRequest[] = [];
  readonly nodeJson = path.join(this.home, 'config', 'node.json');
  readonly #paths: SocketPaths;
  readonly #open: Array<{ close(): Promise<void> }> = [];

  constructor() {
    const paths = homePaths(this.home);
    const prepared = prepareHome(paths);
    if (!prepared.ok) throw new Error(prepared.error.message);
    mkdirSync(path.dirname(this.nodeJson), { recursive: true });
    writeFileSync(this.nodeJson, '{"a": {"b": true}}');
    const sockets = claimSocketPaths(paths, this.home);
    if (!sockets.ok) throw new Error(sockets.error.message);
    this.#paths = sockets.value;
  }

  async close(): Promise<void> {
    for (const each of this.#open.toReversed()) await each.close();
    rmSync(this.home, { recursive: true });
  }

  readonly accepts: HandleRequest = async (request) => {
    this.requests.push(request);
    return { ok: true, id: request.id, result: null };
  };

  async listen(handle: HandleRequest = this.accepts, limits: Partial<LocalLimits> = {}): Promise<LocalListener> {
    const { clock, home, log } = this;
    const listener = await listenLocal({ paths: this.#paths, home, handle, limits: { ...localLimits, ...limits }, clock, logger: log.logger });
    if (!listener.ok) throw new Error(listener.error.message);
    this.#open.push(listener.value);
    return listener.value;
  }

  /** Serves what is no socket. */
  connection(stream: Duplex): FrontConnection {
    const { accepts: handle, clock, home, log } = this;
    const memory = new SharedMemory(localLimits.sharedMemory);
    const context = { handle, limits: localLimits, clock, logger: log.logger, memory, home, config: new KeptTree(home, clock), door: this.#paths.front };
    // Of a socket it needs no more than a duplex stream has.
    return new FrontConnection(stream as Socket, { socket: 'cluster' }, context);
  }

  client(on: 'front' | 'frontAdmin' = 'front'): FrontClient {
    const made = new FrontClient(this.#paths[on]);
    this.#open.push(made);
    return made;
  }

  /** Of a caller in the time zone of the daemon. */
  environment(): Record<string, string> {
    return { JETPACK_HOME: this.home, ...(process.env['TZ'] === undefined ? {} : { TZ: process.env['TZ'] }) };
  }

  /** Runs `jetpack` for this home. */
  async jetpack(argv: readonly string[], { env = {}, cwd = '/', on = 'front' }: CallOptions = {}): Promise<readonly Heard[]> {
    const made = this.client(on);
    made.send(beginning(argv, { ...this.environment(), ...env }, cwd));
    return made.rest();
  }
}

export const nodeForm = [{ type: 'P', text: '' }];
export const exits = (code: number): Heard => ({ type: 'Q', text: String(code) });
