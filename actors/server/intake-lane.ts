// One lane of one stream on its way into the store: the entries that came and are not applied, in order of sequence.
import { limits } from '../../protocol/limits.ts';
import type { Batch, IncomingEntry } from './ports.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is held over all lanes. */
export interface Tally {
  entries: number;
  bytes: number;
}

/** Early entries one lane may hold. Beyond it the latest give way: their node still has them. */
const laneEntries = 8_192;
const laneBytes = 16 * 1024 * 1024;

/** Entries of one batch: what the store does in one go. */
const batchEntries = 2_048;

const sizeOf = (entries: readonly IncomingEntry[]): number => entries.reduce((sum, { raw }) => sum + raw.length, 0);

export class IntakeLane {
  readonly origin: Omit<Batch, 'entries'>;
  /** The stream that comes first, and how much of it. */
  after: { readonly stream: string; readonly sequence: number } | undefined;
  /** A batch of this lane is with the store. Another waits for its outcome, which keeps them in order. */
  applying = false;
  /** The last request for what is missing, and when, monotonic milliseconds. */
  asked: { readonly stream: string; readonly from: number; readonly at: number } | undefined;
  readonly #tally: Tally;
  #held: IncomingEntry[] = [];
  #bytes = 0;

  constructor(origin: Omit<Batch, 'entries'>, tally: Tally) {
    this.origin = origin;
    this.#tally = tally;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** Takes an entry in. Of two that stand at one sequence the one that reaches further stays: a tombstone replaced the other. */
  hold(entry: IncomingEntry): void {
    let index = this.#held.length;
    for (let before = this.#held[index - 1]; before !== undefined && before.sequence >= entry.sequence; before = this.#held[index - 1]) index -= 1;
    const same = this.#held[index];
    if (same?.sequence === entry.sequence) {
      if (entry.through > same.through) this.#replace(index, 1, entry);
      return;
    }
    this.#replace(index, 0, entry);
    while (this.#held.length > laneEntries || (this.#bytes > laneBytes && this.#held.length > 1)) this.#replace(this.#held.length - 1, 1);
  }

  /** Takes out what can be applied after `applied`: a run without a hole, up to the size of a batch. */
  take(applied: number): readonly IncomingEntry[] {
    const run: IncomingEntry[] = [];
    let last = applied;
    let bytes = 0;
    let index = 0;
    for (const entry of this.#held) {
      if (entry.sequence > last + 1 || run.length === batchEntries || bytes > limits.frame) break;
      index += 1;
      if (entry.through <= last) continue;
      run.push(entry);
      bytes += entry.raw.length;
      last = entry.through;
    }
    this.#replace(0, index);
    return run;
  }

  /** What is missing before the first entry held. */
  gap(applied: number): Range | undefined {
    const first = this.#held[0];
    return first === undefined || first.sequence <= applied + 1 ? undefined : { from: applied + 1, to: first.sequence - 1 };
  }

  clear(): void {
    this.#replace(0, this.#held.length);
  }

  #replace(index: number, count: number, ...entries: readonly IncomingEntry[]): void {
    const gone = this.#held.splice(index, count, ...entries);
    const bytes = sizeOf(entries) - sizeOf(gone);
    this.#bytes += bytes;
    this.#tally.bytes += bytes;
    this.#tally.entries += entries.length - gone.length;
  }
}
