// Scripts for the end of a node, as their actor needs them; node/end-scripts/ provides them.
import type { ScriptResult } from '../scripts.ts';

/** As it was registered. */
export interface EndScript {
  /** Absolute. */
  readonly path: string;
  readonly arguments: readonly string[];
}

export interface EndScripts {
  /**
   * Looks whether the daemon may run it, and runs it within its time limit. `run` is a UUID that names this run, `place` its
   * number among the scripts of one end, from 1. Never rejects.
   */
  run(script: EndScript, run: string, place: number, signal: AbortSignal): Promise<ScriptResult>;
  /** Ends whatever still runs of these runs, from an earlier life of the daemon. Resolves with how many processes that were. */
  endLeftovers(runs: readonly string[]): Promise<number>;
}
