// A memory outbox whose appends are durable when the test says so.
import { ok, type Result } from '../../../protocol/result.ts';
import type { Appended, NewEntry } from '../messaging/ports.ts';
import { MemoryOutbox } from './memory-outbox.ts';

interface Pending {
  readonly entries: readonly NewEntry[];
  readonly settle: (result: Result<readonly Appended[]>) => void;
  readonly crash: (error: Error) => void;
}

export class HeldOutbox extends MemoryOutbox {
  pending: Pending[] = [];

  constructor(stream: string) {
    super();
    this.begin(stream);
  }

  override append(entries: readonly NewEntry[]): Promise<Result<readonly Appended[]>> {
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
}
