// What the node's actors remember over restarts: one durable map from keys to JSON values, and the reports that a change
// brings about, kept with it until the outbox has them.
import type { Json } from '../../protocol/configuration.ts';
import type { Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { ReportedEvent } from './messaging/accept.ts';

export interface StateChange {
  /** `keepalive`, `check/NAME`, `converge/last`: the first word says whose it is. */
  readonly key: string;
  /** Undefined takes the key away. */
  readonly value: Json | undefined;
}

/** A report on its way from the state to the outbox. Its id makes a repetition harmless. */
export interface PendingReport {
  readonly event: ReportedEvent;
  readonly trace: TraceContext | undefined;
}

/** Every promise rejects only on a crash. Reads see what was committed. */
export interface NodeState {
  /** What is kept under a key; whoever reads checks its form. */
  get(key: string): Json | undefined;
  /** Keys that begin with `prefix`, in order. */
  keys(prefix: string): readonly string[];
  /**
   * Changes all keys or none, and keeps the reports of it in the same transaction. Fails with `state_unwritable`. Whoever
   * gives reports tells messaging `{ type: 'pending' }` when it is done.
   */
  change(changes: readonly StateChange[], reports?: readonly PendingReport[]): Promise<Result<void>>;
  /** Reports that the outbox may not have yet, in order, at most `limit`. */
  pending(limit: number): readonly PendingReport[];
  /** The outbox has these. */
  reported(ids: readonly string[]): Promise<Result<void>>;
  close(): Promise<void>;
}
