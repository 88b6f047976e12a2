// A question to the daemon, and what is printed for its answer; or for what files say while it is away.
import type { LocalRequest } from '../protocol/local.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import type { Run, Said } from './command.ts';
import type { Question } from './host.ts';
import { printable } from './line.ts';

interface Asking {
  readonly request: LocalRequest;
  readonly socket: Question['socket'];
  /** Default five seconds. */
  readonly withinMs?: number | undefined;
  readonly graceMs?: number;
  /** Default not. */
  readonly untilBack?: boolean;
  readonly present: (result: unknown) => string;
  /** Exit code of a command that was answered, default 0. */
  readonly exit?: (result: unknown) => 0 | 1;
  /** What files say where the daemon does not answer; undefined, or absent: nothing. */
  readonly otherwise?: (away: Failure) => Promise<Said | undefined>;
}

const shortMs = 5_000;

export const askDaemon = async ({ host, node }: Run, asking: Asking): Promise<Result<Said>> => {
  const { exit, graceMs = 0, otherwise, present, request, socket, untilBack = false, withinMs = shortMs } = asking;
  const asked = await node.ask({ request, socket, withinMs, graceMs, untilBack, onProgress: (line) => host.out(`${printable(line)}\n`) });
  if (!asked.ok && asked.error.code === 'daemon_unreachable') {
    const said = await otherwise?.(asked.error);
    if (said !== undefined) return ok(said);
  }
  return asked.ok ? ok({ out: present(asked.value), exit: exit?.(asked.value) ?? 0 }) : asked;
};
