// An outbox in memory, without bounds: streams and rows are as the test sets them up, or as they are appended.
import { ok, type Result } from '../../../protocol/result.ts';
import type { Appended, Lane, NewEntry, Outbox, OutboxDepth, OutboxRow, OutboxStream } from '../messaging/ports.ts';

type Row = OutboxRow & { readonly stream: string; readonly lane: Lane };

export class MemoryOutbox implements Outbox {
  readonly remembered: OutboxStream[] = [];
  rows: Row[] = [];
  readonly reports: NewEntry[] = [];
  /** What the next deletion answers. */
  answer: Result<void> = ok(undefined);

  /** Adds a stream, from now on the current one. */
  begin(stream: string): void {
    const before = this.remembered.at(-1);
    const after = before === undefined ? undefined : { stream: before.stream, sequence: before.last.report };
    this.remembered.push({ stream, after, last: { report: 0, user: 0 } });
  }

  /** Adds rows to the current stream. */
  add(lane: Lane, ...payloads: readonly string[]): void {
    for (const payload of payloads) {
      const current = this.#current();
      const sequence = current.last[lane] + 1;
      this.remembered.splice(-1, 1, { ...current, last: { ...current.last, [lane]: sequence } });
      this.rows.push({ stream: current.stream, lane, sequence, through: sequence, payload });
    }
  }

  /** Rows of the current stream's report lane give way to a tombstone. */
  drop(from: number, to: number): void {
    const { stream } = this.#current();
    this.rows = this.rows.filter((row) => row.stream !== stream || row.lane !== 'report' || row.sequence < from || row.sequence > to);
    this.rows.push({ stream, lane: 'report', sequence: from, through: to, payload: '"dropped"' });
    this.rows.sort((a, b) => a.sequence - b.sequence);
  }

  async append(entries: readonly NewEntry[]): Promise<Result<readonly Appended[]>> {
    const { stream } = this.#current();
    return ok(
      entries.map(({ lane, payload }) => {
        this.add(lane, payload);
        return { stream, sequence: this.#current().last[lane], repeated: false };
      }),
    );
  }

  depth(): OutboxDepth {
    return { rows: this.rows.length, bytes: 0 };
  }

  async close(): Promise<void> {}

  streams(): readonly OutboxStream[] {
    return this.remembered.filter(({ stream }, index) => index === this.remembered.length - 1 || this.rows.some((row) => row.stream === stream));
  }

  find(stream: string): OutboxStream | undefined {
    return this.remembered.find((other) => other.stream === stream);
  }

  read(stream: string, lane: Lane, from: number, limit: { readonly rows: number; readonly bytes: number }): readonly OutboxRow[] {
    const found = this.rows.filter((row) => row.stream === stream && row.lane === lane && row.through >= from);
    let bytes = 0;
    return found.slice(0, limit.rows).filter(({ payload }, index) => {
      bytes += payload.length;
      return index === 0 || bytes <= limit.bytes;
    });
  }

  async applied(stream: string, lane: Lane, sequence: number): Promise<Result<void>> {
    if (this.answer.ok) this.rows = this.rows.filter((row) => row.stream !== stream || row.lane !== lane || row.through > sequence);
    return this.answer;
  }

  async release(stream: string, sequence: number, report?: NewEntry): Promise<Result<void>> {
    if (!this.answer.ok) return this.answer;
    this.rows = this.rows.filter((row) => row.stream !== stream || row.lane !== 'user' || row.sequence !== sequence);
    if (report !== undefined) this.reports.push(report);
    return this.answer;
  }

  #current(): OutboxStream {
    const current = this.remembered.at(-1);
    if (current === undefined) throw new Error('begin a stream first');
    return current;
  }
}
