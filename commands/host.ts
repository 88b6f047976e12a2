// What a run of `jetpack` needs of the place it runs in. There are two: a Node process (cli/), and jetpackd itself, for the
// front (node/front/). A command knows neither, so that both print the same to the byte.
import type { Clock } from '../effects/clock.ts';
import type { LocalRequest, SpooledRequest } from '../protocol/local.ts';
import type { Result } from '../protocol/result.ts';
import type { TraceContext } from '../protocol/trace.ts';
import type { ExactJson, ExactTree } from './exact-json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Of the caller. */
export interface Terminal {
  /** Whether standard output is one. */
  readonly output: boolean;
  /** Characters of a line. */
  readonly columns: number;
}

export interface Question {
  readonly request: LocalRequest;
  readonly socket: 'cluster' | 'admin';
  readonly withinMs: number;
  /** So much sooner the daemon's own time is up, default 0. */
  readonly graceMs?: number;
  /** Whether a daemon that is away, or goes away meanwhile, is asked again until the time is up. */
  readonly untilBack: boolean;
  readonly onProgress?: (line: string) => void;
}

/** Where a message is once a command has ended well. `spooled` says why it is not with the daemon yet. */
export type Delivery = { readonly type: 'accepted' } | { readonly type: 'spooled'; readonly reason: string };

export interface ReadConfig {
  readonly tree: ExactTree;
  /** node.json could not be used, and an earlier one was. */
  readonly warning?: string;
}

/** The files of a home that commands answer from. */
export type HomeFile = 'properties' | 'users';

/** What `report_issue` packs, and where. */
export interface ReportOrder {
  /** A file or folder, absolute; undefined: the logs of the home. */
  readonly logs: string | undefined;
  /** The archive, absolute: it is made anew. */
  readonly archive: string;
  /** What goes in as JSON beside the logs, by its name; a failure is told in the archive's manifest. */
  readonly documents: Readonly<Record<string, Result<unknown>>>;
}

/** What `download` brings, and where. */
export interface BlobOrder {
  readonly project: string;
  /** Words joined by `/`. */
  readonly blob: string;
  /** Absolute. */
  readonly to: string;
  /** Whether `to` can only be a folder, which takes the blob under its last word. */
  readonly folder: boolean;
}

/** How one file of tests ended. */
export interface TestOutcome {
  readonly project: string;
  readonly spec: string;
  /** File name. */
  readonly file: string;
  readonly passed: boolean;
  /** How it ended, in a few words. */
  readonly ending: string;
  /** The end of what it wrote. */
  readonly output: string;
  readonly durationMs: number;
}

/** What a node's files still say of it while its daemon is away. */
export type LastKnown = 'keepalive' | 'health' | 'converge' | 'outbox' | 'spool';

/** One node, by its home. */
export interface NodeAccess {
  /** Absolute path. */
  readonly home: string;
  /** `config/node.json`, else its last good copy. Fails with `file_unreadable` or `config_damaged`. */
  configTree(): Result<ReadConfig>;
  /** What another file of config/ holds; undefined when there is none. Fails like `configTree`. */
  json(file: HomeFile): Result<ExactJson | undefined>;
  /** What the daemon answers. Fails with its code, or with `daemon_unreachable`. */
  ask(question: Question): Promise<Result<unknown>>;
  /** As the daemon would answer, of `spool` and `outbox` how many messages wait. Fails with `file_unreadable`. */
  lastKnown(part: LastKnown): Promise<Result<unknown>>;
  /** Ends when the message is durable, with the daemon or in the spool, under its one id. */
  deliver(request: SpooledRequest): Promise<Result<Delivery>>;
  /** Makes an archive without secrets. Fails with `file_unreadable` or `file_unwritable`. */
  report(order: ReportOrder): Promise<Result<void>>;
  /** Fails with `project_missing`, `project_unusable` or `file_unwritable`, and then leaves what stood there. */
  download(order: BlobOrder): Promise<Result<void>>;
  /** Runs the tests of all projects, one file after the other. Fails like `configTree`, and with `project_unusable`. */
  test(onOutcome: (outcome: TestOutcome) => void): Promise<Result<void>>;
}

export interface Host {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly terminal: Terminal;
  /** The caller's working folder, an absolute path; undefined when it is gone. */
  readonly cwd: string | undefined;
  readonly clock: Clock;
  /** Of these programs. */
  readonly version: string;
  out(text: string): void;
  err(text: string): void;
  /** Resolves when nobody reads any more what goes out, as far as that can be known, and not once `end` says so. */
  unread(end: AbortSignal): Promise<void>;
  /** The id of this run's message, a UUID of version 7; the same at every call. */
  messageId(): string;
  /** Standard input to its end. Fails with `message_too_large` beyond `limit` bytes, and with `file_unreadable`. */
  readInput(limit: number): Promise<Result<Uint8Array>>;
  /** A file that the command line names, opened with the caller's rights. Fails like `readInput`. */
  readFile(path: string, limit: number): Promise<Result<Uint8Array>>;
  node(home: string): NodeAccess;
  /** Runs a command in its span, and hands it the trace to go on with. */
  traced<T>(command: string, work: (trace: TraceContext | undefined) => Promise<Result<T>>): Promise<Result<T>>;
}

