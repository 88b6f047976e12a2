// What converge needs of the machine; node/projects/ provides it.
import type { SpecReference } from '../../../protocol/configuration.ts';
import type { Result } from '../../../protocol/result.ts';

export const stepStandings = ['will run', 'has run', 'changed since it ran'] as const;

/** Whether a script's marker, if it has one, stands for its present content on this machine. */
export type StepStanding = (typeof stepStandings)[number];

/** One script of one spec. */
export interface ConvergeStep {
  readonly project: string;
  readonly version: string;
  readonly spec: string;
  /** File name. */
  readonly script: string;
  readonly sha256: string;
  readonly standing: StepStanding;
  /** The converge that it has run in; undefined when it has not run. */
  readonly ranIn: string | undefined;
  /** Absolute, in the node's home: the script, its folder, its project, its spec, and the file that takes what it writes. */
  readonly file: string;
  readonly folder: string;
  readonly projectPath: string;
  readonly specPath: string;
  readonly log: string;
}

export interface Synced {
  /** In the order in which they run. */
  readonly steps: readonly ConvergeStep[];
  /** What a person should know although it can go on; one line each. */
  readonly warnings: readonly string[];
}

/** A script as it was begun: enough to find what is left of it after a crash. */
export interface BegunScript {
  /** Of its job. */
  readonly id: string;
  readonly project: string;
  readonly spec: string;
  readonly script: string;
}

export interface Projects {
  /**
   * Brings the specs from their lockers into the home: all of them, or a failure (`project_missing`, `project_unusable`,
   * `home_unusable`). `locker` is that of references which name none. Rejects when the signal aborts; what was begun is
   * taken up by the next.
   */
  sync(specs: readonly SpecReference[], locker: string | undefined, signal: AbortSignal): Promise<Result<Synced>>;
  /** The same steps, of the copies as they lie in the home; fails with `project_missing` when there is none of a spec. Looks into no locker. */
  kept(specs: readonly SpecReference[], locker: string | undefined, signal: AbortSignal): Promise<Result<Synced>>;
  /** The same steps, out of the lockers and markers as they are; changes nothing. */
  plan(specs: readonly SpecReference[], locker: string | undefined, signal: AbortSignal): Promise<Result<Synced>>;
  /** Writes the marker of a script that ended well. Durable when it resolves; fails with `state_unwritable`. */
  mark(step: ConvergeStep, by: { readonly run: string; readonly job: string }): Promise<Result<void>>;
  /** Whether this very run of the script left its marker. */
  endedWell(script: BegunScript): Promise<boolean>;
}

/** The way to the metadata service of the machine's cloud, for users that are not root. */
export interface MetadataDoor {
  /** Whether jetpackd has closed it and not opened it again, also in an earlier life. */
  isClosed(): boolean;
  /** Closes or opens it; well when it is so already. The error is one line for a person. Never rejects. */
  set(closed: boolean): Promise<Result<void, string>>;
}
