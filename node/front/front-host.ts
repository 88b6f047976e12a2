// jetpackd as the place where a command runs, for the front. It starts no process, writes no file, and opens no path but files
// of its own home which the caller could read too: what a caller names, the front opens.
import { conclude, isStopping, resultOf } from '../../commands/conclude.ts';
import type { Delivery, Host, NodeAccess, Question, ReadConfig } from '../../commands/host.ts';
import type { Clock } from '../../effects/clock.ts';
import type { LocalReply, LocalRequest, SpooledRequest } from '../../protocol/local.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { fromEnvironment } from '../../telemetry/trace-carrier.ts';
import { readHomeFile } from '../config/read-tree.ts';
import { configFiles } from '../config/tree-file.ts';
import { homePaths } from '../home/paths.ts';
import { version } from '../version.ts';
import { NotHere } from './not-here.ts';
import type { Told } from './told.ts';

export interface FrontPorts {
  readonly clock: Clock;
  readonly home: string;
  configTree(): Result<ReadConfig>;
  /** Whether the run came by the socket of the daemon's own user. */
  readonly admin: boolean;
  /** Whether all who may come by that socket may read the file themselves. */
  mayRead(file: string): boolean;
  /** Answers a request, within its `remainingMs`. */
  handle(request: LocalRequest, onProgress: (line: string) => void): Promise<LocalReply>;
  out(text: string): void;
  err(text: string): void;
  readInput(limit: number): Promise<Result<Uint8Array>>;
  /** `argument` counts from 1; the path stands in it from byte `offset` on. */
  readFile(argument: number, offset: number, name: string, limit: number): Promise<Result<Uint8Array>>;
  /** Tells the front to wait so much longer, milliseconds. */
  keepWaiting(ms: number): void;
}

/** The front waits a second; it has to hear within it that a process of its own is to spool. */
const deliverMs = 900;
const spareMs = 2_000;

/** Where in the arguments a path stands: an argument of its own, or the end of one, as in `--file=PATH`. */
const placeOf = (path: string, args: readonly Buffer[]): { readonly argument: number; readonly offset: number } | undefined => {
  const bytes = Buffer.from(path);
  const ends = (argument: Buffer): boolean => argument.length >= bytes.length && argument.subarray(argument.length - bytes.length).equals(bytes);
  const whole = args.findIndex((argument) => argument.equals(bytes));
  const index = whole === -1 ? args.findIndex(ends) : whole;
  const found = args[index];
  return found === undefined || bytes.length === 0 ? undefined : { argument: index + 1, offset: found.length - bytes.length };
};

/** Needs the files of a caller, or processes. */
const notHere = (): never => {
  throw new NotHere('only a process of its own can do it');
};

/** A process of the caller's own finds out what the caller may read. */
const onlyOpen = (file: string, ports: FrontPorts): void => {
  if (!ports.mayRead(file)) throw new NotHere('the caller may not be allowed to read it');
};

const nodeAccess = (home: string, ports: FrontPorts): NodeAccess => ({
  home,
  configTree() {
    const { lastGood, node } = configFiles(homePaths(home).config);
    onlyOpen(node, ports);
    const read = ports.configTree();
    if (!read.ok || read.value.warning !== undefined) onlyOpen(lastGood, ports);
    return read;
  },
  json(file) {
    onlyOpen(configFiles(homePaths(home).config)[file], ports);
    return readHomeFile(home, file);
  },
  async ask({ graceMs = 0, onProgress, request, socket, untilBack, withinMs }: Question) {
    if (socket === 'admin' && !ports.admin) throw new NotHere('another socket serves it');
    ports.keepWaiting(withinMs + spareMs);
    const reply = await ports.handle({ ...request, remainingMs: Math.max(0, withinMs - graceMs) }, onProgress ?? (() => undefined));
    if (untilBack && isStopping(reply)) throw new NotHere('the daemon is stopping');
    return resultOf(reply);
  },
  async deliver(request: SpooledRequest): Promise<Result<Delivery>> {
    const conclusion = conclude(await ports.handle({ ...request, remainingMs: deliverMs }, () => undefined));
    switch (conclusion.type) {
      case 'accepted':
        return ok({ type: 'accepted' });
      case 'later':
        // It waits for the disk, which the daemon must not.
        throw new NotHere('the message has to be spooled');
      case 'failed':
        return { ok: false, error: conclusion.failure };
    }
  },
  // It is asked for when the daemon did not answer: whoever runs apart from it finds out whether it is there at all.
  lastKnown: notHere,
  report: notHere,
  download: notHere,
  test: notHere,
});

export const frontHost = (told: Told, ports: FrontPorts): Host => {
  const { args, cwd, env, id, terminal } = told;
  return {
    argv: args.map((argument) => argument.toString()),
    env,
    cwd,
    terminal,
    clock: ports.clock,
    version,
    out: (text) => ports.out(text),
    err: (text) => ports.err(text),
    // What waits for that is a process of its own.
    unread: notHere,
    messageId: () => id,
    readInput: (limit) => ports.readInput(limit),
    readFile(path, limit) {
      const place = placeOf(path, args);
      if (place === undefined) throw new NotHere('no argument names the file');
      return ports.readFile(place.argument, place.offset, path, limit);
    },
    node: (home) => nodeAccess(home, ports),
    traced: (_command, work) => work(fromEnvironment(env)),
  };
};
