// A run of `jetpack`, from its arguments to its exit code. Loads no more than the command needs: a script may call it a
// thousand times.
import { answerConfig, type ConfigInvocation } from '../commands/config.ts';
import { printable, say, sayFailure } from '../commands/line.ts';
import { logRequest, type LogInvocation } from '../commands/log.ts';
import { parseCommandLine, type Invocation } from '../commands/parse.ts';
import { sendRequest, type SendInvocation } from '../commands/send.ts';
import type { Envelope } from '../commands/envelope.ts';
import type { Clock } from '../effects/clock.ts';
import { uuid7, type Random } from '../effects/random.ts';
import { resolveHome } from '../node/home/paths.ts';
import { version } from '../node/version.ts';
import { errors } from '../protocol/errors.ts';
import type { SpooledRequest } from '../protocol/local.ts';
import { ok, type Result } from '../protocol/result.ts';
import type { TraceContext } from '../protocol/trace.ts';
import { askingOf, type AskingInvocation } from './daemon-commands.ts';
import { deliver } from './deliver.ts';
import { readBody, readFileBody } from './read-body.ts';

export interface Io {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly clock: Clock;
  readonly random: Random;
}

const bodyOf = async ({ body }: SendInvocation, io: Io): Promise<Result<Uint8Array>> => {
  switch (body.type) {
    case 'text':
      return ok(Buffer.from(body.text));
    case 'file':
      return readFileBody(body.path);
    case 'input':
      return readBody('standard input', io.input());
  }
};

const messageOf = async (invocation: LogInvocation | SendInvocation, envelope: Envelope, io: Io): Promise<Result<SpooledRequest>> => {
  if (invocation.command === 'log') return logRequest(invocation, envelope);
  const body = await bodyOf(invocation, io);
  return body.ok ? sendRequest(invocation, body.value, envelope) : body;
};

/** What a command that ended well says: `out` on standard output, `note` as a line on standard error. */
interface Said {
  readonly out: string;
  /** Default 0. */
  readonly exit?: 0 | 1;
  readonly note?: string | undefined;
}

const tell = async (invocation: LogInvocation | SendInvocation, envelope: Envelope, home: string, io: Io): Promise<Result<Said>> => {
  const request = await messageOf(invocation, envelope, io);
  if (!request.ok) return request;
  const delivered = await deliver(home, request.value, io.clock);
  if (!delivered.ok) return delivered;
  return ok({ out: '', note: delivered.value.type === 'spooled' ? delivered.value.reason : undefined });
};

/** From the file alone, daemon or no daemon. */
const readConfig = async (invocation: ConfigInvocation, home: string, io: Io): Promise<Result<Said>> => {
  const { readConfigTree } = await import('./config-file.ts');
  const read = readConfigTree(home);
  if (!read.ok) return read;
  // Before the answer, and also when there is none: a key may be missing because an older copy served.
  if (read.value.warning !== undefined) io.err(say('jetpack config', read.value.warning));
  const answered = answerConfig(read.value.tree, invocation);
  return 'out' in answered ? ok({ out: answered.out }) : { ok: false, error: answered };
};

const askDaemon = async (invocation: AskingInvocation, envelope: Envelope, home: string, io: Io): Promise<Result<Said>> => {
  const { ask } = await import('./ask.ts');
  const { exit, question, present } = askingOf(invocation, envelope);
  const asked = await ask(home, { ...question, onProgress: (line) => io.out(`${printable(line)}\n`) }, io.clock);
  return asked.ok ? ok({ out: present(asked.value), exit: exit?.(asked.value) ?? 0 }) : asked;
};

const perform = (invocation: Invocation, envelope: Envelope, home: string, io: Io): Promise<Result<Said>> => {
  switch (invocation.command) {
    case 'log':
    case 'send':
      return tell(invocation, envelope, home, io);
    case 'config':
      return readConfig(invocation, home, io);
    default:
      return askDaemon(invocation, envelope, home, io);
  }
};

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/** The trace this run continues. The code that reads one is loaded only when there is one. */
const parentOf = async (env: Io['env']): Promise<TraceContext | undefined> =>
  isSet(env['TRACEPARENT']) ? (await import('../telemetry/trace-carrier.ts')).fromEnvironment(env) : undefined;

const wantsTraces = (env: Io['env']): boolean => isSet(env['OTEL_EXPORTER_OTLP_ENDPOINT']) || isSet(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);

const carryOut = async (invocation: Invocation, home: string, io: Io): Promise<Result<Said>> => {
  const { clock, env, random } = io;
  const { command } = invocation;
  const work = (trace: TraceContext | undefined): Promise<Result<Said>> => {
    const at = clock.now();
    return perform(invocation, { id: uuid7(at, random), at, ...(trace === undefined ? {} : { trace }) }, home, io);
  };
  const parent = await parentOf(env);
  if (!wantsTraces(env)) return work(parent);
  const { traced } = await import('./traced.ts');
  return traced({ command, version, env, parent, clock, warn: (message) => io.err(say(`jetpack ${command}`, message)) }, work);
};

/** As callers take it apart: dotted integers, a dash, a build number (reference, section 5). These sources are build 0. */
const versionLine = `${version}-0`;

/** Resolves to the exit code: 0, 2 for usage, 1 for failure. */
export const run = async (io: Io): Promise<number> => {
  const parsed = parseCommandLine(io.argv, versionLine);
  switch (parsed.type) {
    case 'text':
      io.out(parsed.text);
      return 0;
    case 'refused':
      io.err(sayFailure(parsed.command, parsed.failure));
      return errors[parsed.failure.code].exit;
    case 'invoked': {
      const command = `jetpack ${parsed.invocation.command}`;
      const outcome = await carryOut(parsed.invocation, resolveHome(parsed.home, io.env), io);
      if (!outcome.ok) {
        io.err(sayFailure(command, outcome.error));
        return errors[outcome.error.code].exit;
      }
      const { exit = 0, note, out } = outcome.value;
      if (out !== '') io.out(out);
      if (note !== undefined) io.err(say(command, note));
      return exit;
    }
  }
};
