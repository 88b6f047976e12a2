// A node's state in memory, and every report it was ever given.
import type { Json } from '../../../protocol/configuration.ts';
import { ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { NodeState, PendingReport, StateChange } from '../state.ts';

export class MemoryState implements NodeState {
  readonly values = new Map<string, Json>();
  /** In order; never forgotten. */
  readonly reports: PendingReport[] = [];
  #waiting: PendingReport[] = [];
  /** What every change answers instead of being made. */
  failWith: Failure | undefined;

  get(key: string): Json | undefined {
    return this.values.get(key);
  }

  keys(prefix: string): readonly string[] {
    return [...this.values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async change(changes: readonly StateChange[], reports: readonly PendingReport[] = []): Promise<Result<void>> {
    if (this.failWith !== undefined) return { ok: false, error: this.failWith };
    for (const { key, value } of changes) {
      if (value === undefined) this.values.delete(key);
      // As the durable one: what comes back is a copy.
      else this.values.set(key, JSON.parse(JSON.stringify(value)) as Json);
    }
    this.reports.push(...reports);
    this.#waiting.push(...reports);
    return ok(undefined);
  }

  pending(limit: number): readonly PendingReport[] {
    return this.#waiting.slice(0, limit);
  }

  async reported(ids: readonly string[]): Promise<Result<void>> {
    if (this.failWith !== undefined) return { ok: false, error: this.failWith };
    this.#waiting = this.#waiting.filter(({ event }) => !ids.includes(event.id));
    return ok(undefined);
  }

  async close(): Promise<void> {}
}
