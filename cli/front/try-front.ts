// The front of the Node form: has the daemon run the command, where one is there, before anything of the commands is loaded. So it
// imports only what it needs for that, and Node's sockets are loaded when there is somebody to speak to.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { absolutePath, namedHome } from '../../commands/home.ts';
import type { Environment, Terminal } from '../../commands/host.ts';
import type { Clock } from '../../effects/clock.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import { needsOwnProcess } from '../../protocol/front.ts';
import { readHandover, type Handover } from '../handover.ts';
import { askFront, type FrontQuestion, type Printed } from './ask-front.ts';
import { tell } from './tell.ts';

export interface Caller {
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Undefined when it is gone. */
  readonly cwd: string | undefined;
  readonly terminal: () => Terminal;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: the machine's. */
  readonly connect?: FrontQuestion['connect'];
}

export type Tried =
  | { readonly type: 'done'; readonly exit: number; readonly printed: readonly Printed[] }
  /** To the commands. `handover`: what was done already, if anything. */
  | { readonly type: 'left'; readonly handover: Handover | undefined };

/** The socket of the daemon's own user first: more may be asked there. */
const names = ['front-admin.sock', 'front.sock'];

/** The longest path of a socket. A home that is deeper has its sockets elsewhere, and the commands find them. */
const longestPath = 107;

/** More than this no daemon takes. */
const largestRun = 1024 * 1024;

/** To look takes far less than to load what can connect. */
const isOpen = (socket: string): boolean => {
  try {
    accessSync(socket, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

const socketsOf = (home: string): readonly string[] =>
  names.map((name) => path.join(home, 'run', name)).filter((socket) => Buffer.byteLength(socket) <= longestPath && isOpen(socket));

export const tryFront = async (caller: Caller): Promise<Tried> => {
  const { argv, clock, connect, cwd, env, random, terminal } = caller;
  const handover = readHandover(env);
  if (handover !== undefined || needsOwnProcess(env)) return { type: 'left', handover };
  const home = absolutePath(namedHome(undefined, env), cwd);
  const sockets = home.ok ? socketsOf(home.value) : [];
  if (sockets.length === 0) return { type: 'left', handover: undefined };
  const id = uuid7(clock.now(), random);
  const run = tell({ argv, env, cwd, terminal: terminal(), id });
  if (run.length > largestRun) return { type: 'left', handover: undefined };
  const answer = await askFront({ sockets, run, clock, ...(connect === undefined ? {} : { connect }) });
  return answer.type === 'done' ? answer : { type: 'left', handover: { id, waitedMs: answer.waitedMs } };
};
