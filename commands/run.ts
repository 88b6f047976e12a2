// A run of `jetpack`, from its arguments to its exit code, wherever it runs.
import { errors } from '../protocol/errors.ts';
import type { Failure } from '../protocol/result.ts';
import type { TraceContext } from '../protocol/trace.ts';
import type { Work } from './command.ts';
import { compatibleVersion } from './compatible-version.ts';
import type { Envelope } from './envelope.ts';
import type { Host } from './host.ts';
import { absolutePath, namedHome } from './home.ts';
import { say, sayFailure } from './line.ts';
import { parseCommandLine } from './parse.ts';

const failed = (host: Host, command: string, failure: Failure): number => {
  host.err(sayFailure(command, failure));
  return errors[failure.code].exit;
};

/** An id is minted when a message is made: most commands make none. */
const envelopeFor = (host: Host, trace: TraceContext | undefined): Envelope => ({
  get id() {
    return host.messageId();
  },
  at: host.clock.now(),
  ...(trace === undefined ? {} : { trace }),
});

const carryOut = async (work: Work, command: string, home: string, host: Host): Promise<number> => {
  const outcome = await host.traced(command.slice('jetpack '.length), (trace) => {
    return work.perform({ host, node: host.node(home), envelope: envelopeFor(host, trace) });
  });
  if (!outcome.ok) return failed(host, command, outcome.error);
  const { exit = 0, note, out } = outcome.value;
  if (out !== '') host.out(out);
  if (note !== undefined) host.err(say(command, note));
  return exit;
};

/**
 * Resolves to the exit code: 0, 2 for usage, 1 for failure. `accept` may refuse to run a command here, before anything of it
 * is done: then it resolves to undefined, and nothing was printed.
 */
export const run = async (host: Host, accept: (work: Work, home: string) => boolean = () => true): Promise<number | undefined> => {
  const parsed = await parseCommandLine(host.argv, compatibleVersion(host.version));
  switch (parsed.type) {
    case 'text':
      host.out(parsed.text);
      return 0;
    case 'refused':
      return failed(host, parsed.command, parsed.failure);
    case 'invoked': {
      const home = absolutePath(namedHome(parsed.home, host.env), host.cwd);
      if (!home.ok) return failed(host, parsed.command, home.error);
      return accept(parsed.work, home.value) ? carryOut(parsed.work, parsed.command, home.value, host) : undefined;
    }
  }
};
