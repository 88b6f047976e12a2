// A memory outbox whose appends are durable when the test says so.
import { ok, type Result } from '../../../protocol/result.ts';
import type { Appended, NewEntry, Outbox, OutboxDepth } from '../ports.ts';
import { MemoryOutbox } from './memory-outbox.ts';

interface Pending {
  readonly entries: readonly NewEntry[];
  readonly settle: (result: Result<readonly Appended[]>) => void;
  readonly crash: (error: Error) => void;
}

export class HeldOutbox extends MemoryOutbox implements Outbox {
  pending: Pending[] = [];

  constructor(stream: string) {
    super();
    this.begin(stream);
  }

  append(entries: readonly NewEntry[]): Promise<Result<readonly Appended[]>> {
    return new Promise((settle, crash) => {
      this.pending.push({ entries, settle, crash });
    });
  }

  /** Makes durable what was appended. */
  commit(): void {
    for (const { entries, settle } of this.pending.splice(0)) {
      for (const { lane, payload } of entries) this.add(lane, payload);
      settle(ok([]));
    }
  }

  depth(): OutboxDepth {
    return { rows: this.rows.length, bytes: 0 };
  }

  async close(): Promise<void> {}
}
