// `jetpack` as a process of its own: what it reads, whom it asks, and where it writes.
import type { HomeFile, Host, NodeAccess, Terminal } from '../commands/host.ts';
import type { Clock } from '../effects/clock.ts';
import { uuid7, type Random } from '../effects/random.ts';
import { readConfigTree, readHomeFile } from '../node/config/read-tree.ts';
import { version } from '../node/version.ts';
import type { TraceContext } from '../protocol/trace.ts';
import type { Result } from '../protocol/result.ts';
import { deliver } from './deliver.ts';
import type { Handover } from './handover.ts';
import { readBody, readFileBody } from './read-body.ts';

export interface Io {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  /** Called when a command asks. */
  readonly terminal: () => Terminal;
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Default: that is never known. */
  readonly unread?: Host['unread'];
  readonly clock: Clock;
  readonly random: Random;
  /** What the front had done already. */
  readonly handover?: Handover | undefined;
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/** The trace this run continues. The code that reads one is loaded only when there is one. */
const parentOf = async (env: Io['env']): Promise<TraceContext | undefined> =>
  isSet(env['TRACEPARENT']) ? (await import('../telemetry/trace-carrier.ts')).fromEnvironment(env) : undefined;

const wantsTraces = (env: Io['env']): boolean => isSet(env['OTEL_EXPORTER_OTLP_ENDPOINT']) || isSet(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);

const nodeAccess = (home: string, { clock, env, handover, random }: Io): NodeAccess => ({
  home,
  configTree: () => readConfigTree(home),
  json: (file: HomeFile) => readHomeFile(home, file),
  ask: async (question) => (await import('./ask.ts')).ask(home, question, clock),
  lastKnown: async (part) => (await import('../node/last-known.ts')).lastKnown(home, part, clock),
  deliver: (request) => deliver(home, request, clock, handover?.waitedMs),
  report: async (order) => (await import('./report/make-report.ts')).makeReport(home, order, clock),
  download: async (order) => (await import('../node/projects/fetch-blob.ts')).fetchBlob(home, order),
  test: async (onOutcome) => (await import('./project-tests.ts')).testProjects(home, { clock, env, onOutcome, random }),
});

export const nodeHost = (io: Io): Host => {
  const { argv, clock, cwd, env, err, handover, input, out, random, terminal, unread = () => new Promise(() => undefined) } = io;
  let id: string | undefined;
  return {
    argv,
    env,
    cwd,
    get terminal() {
      return terminal();
    },
    clock,
    version,
    out,
    err,
    unread,
    messageId: () => (id ??= handover?.id ?? uuid7(clock.now(), random)),
    readInput: (limit) => readBody('standard input', input(), limit),
    readFile: readFileBody,
    node: (home) => nodeAccess(home, io),
    async traced<T>(command: string, work: (trace: TraceContext | undefined) => Promise<Result<T>>) {
      const parent = await parentOf(env);
      if (!wantsTraces(env)) return work(parent);
      const { traced } = await import('./traced.ts');
      const warn = (message: string): void => err(`jetpack ${command}: ${message}\n`);
      return traced({ command, version, env, parent, clock, warn }, work);
    },
  };
};
