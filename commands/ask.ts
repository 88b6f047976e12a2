// A question that nothing but the daemon can answer, and what is printed for its answer.
import type { LocalRequest } from '../protocol/local.ts';
import { ok, type Result } from '../protocol/result.ts';
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
}

const shortMs = 5_000;

export const askDaemon = async ({ host, node }: Run, asking: Asking): Promise<Result<Said>> => {
  const { exit, graceMs = 0, present, request, socket, untilBack = false, withinMs = shortMs } = asking;
  const asked = await node.ask({ request, socket, withinMs, graceMs, untilBack, onProgress: (line) => host.out(`${printable(line)}\n`) });
  return asked.ok ? ok({ out: present(asked.value), exit: exit?.(asked.value) ?? 0 }) : asked;
};
