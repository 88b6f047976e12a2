// `jetpack config --watch`: prints a value, and again whenever it has changed. The daemon says when node.json was written; what
// stands there is read from the file, as always.
import type { LocalRequestOf } from '../protocol/local.ts';
import type { Result } from '../protocol/result.ts';
import type { Run, Said } from './command.ts';
import { readAnswer, type ConfigInvocation } from './config.ts';
import type { Envelope } from './envelope.ts';

/** The daemon's own bound; it is then asked anew. */
const longestMs = 24 * 3_600_000;

export const watchRequest = ({ id, trace }: Envelope): LocalRequestOf<'watch'> => ({ verb: 'watch', id, ...(trace === undefined ? {} : { trace }) });

/** Ends with a failure alone: whoever had enough interrupts it. */
export const watchConfig = async (invocation: ConfigInvocation, run: Run): Promise<Result<Said>> => {
  const { host, node } = run;
  let printed: string | undefined;
  const look = (): void => {
    const read = readAnswer(invocation, run);
    if (!read.ok || read.value.out === printed) return;
    printed = read.value.out;
    host.out(printed);
  };
  const first = readAnswer(invocation, run);
  // A key that is missing now may come; a file that cannot be read is an answer.
  if (!first.ok && first.error.code !== 'key_missing') return first;
  look();
  for (;;) {
    // It says so once it listens, so that no change falls in between.
    const asked = await node.ask({ request: watchRequest(run.envelope), socket: 'cluster', withinMs: longestMs, untilBack: printed !== undefined, onProgress: look });
    if (!asked.ok && asked.error.code !== 'timeout') return asked;
  }
};
