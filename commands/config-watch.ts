// `jetpack config --watch`: prints a value, and again whenever it has changed. The daemon says when node.json was written; what
// stands there is read from the file, as always.
//
//   asking     no daemon has listened yet: one that is away is a failure, and nothing was printed.
//   listening  the daemon says so at once, and from then on it may be away for as long as it likes.
//
// It ends when nobody reads what it prints: a value that stays as it is would never tell.
import type { LocalRequestOf } from '../protocol/local.ts';
import { ok, type Result } from '../protocol/result.ts';
import type { Run, Said } from './command.ts';
import { readAnswer, type ConfigInvocation } from './config.ts';
import type { Envelope } from './envelope.ts';

/** The daemon's own bound; it is then asked anew. */
const longestMs = 24 * 3_600_000;

export const watchRequest = ({ id, trace }: Envelope): LocalRequestOf<'watch'> => ({ verb: 'watch', id, ...(trace === undefined ? {} : { trace }) });

/** Ends well when nobody reads any more, and else with a failure alone: whoever had enough interrupts it. */
export const watchConfig = async (invocation: ConfigInvocation, run: Run): Promise<Result<Said>> => {
  const { host, node } = run;
  let printed: string | undefined;
  let listened = false;
  const onProgress = (): void => {
    listened = true;
    const read = readAnswer(invocation, run);
    if (!read.ok || read.value.out === printed) return;
    printed = read.value.out;
    host.out(printed);
  };
  const first = readAnswer(invocation, run);
  // A key that is missing now may come; a file that cannot be read is an answer.
  if (!first.ok && first.error.code !== 'key_missing') return first;
  const over = new AbortController();
  const unread = host.unread(over.signal).then(() => 'unread' as const);
  try {
    for (;;) {
      const untilBack = listened;
      // It says so once it listens, so that no change falls in between.
      const asking = node.ask({ request: watchRequest(run.envelope), socket: 'cluster', withinMs: longestMs, untilBack, onProgress });
      const asked = await Promise.race([asking, unread]);
      if (asked === 'unread') return ok({ out: '' });
      if (asked.ok || asked.error.code === 'timeout') continue;
      // One that listened may come back.
      if (asked.error.code !== 'daemon_unreachable' || untilBack || !listened) return asked;
    }
  } finally {
    over.abort();
  }
};
