// What the node's actors need from the machine; node/ provides it, tests provide theirs.
import type { Priority } from '../../../protocol/events.ts';
import type { Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';

/** `report`: events for the server. `user`: messages of `jetpack send` for the user's own exchange. */
export type Lane = 'report' | 'user';

export interface NewEntry {
  readonly id: string;
  readonly lane: Lane;
  /** What gives way first in a full outbox: `low`, then `medium`; `high` never, and the user lane never. */
  readonly priority: Priority;
  /** `report`: an event as `encodeEvent` wrote it. `user`: a `UserMessage` as JSON. */
  readonly payload: string;
  /** The id was minted elsewhere (a command line) and may come again: append it once, however often it comes. */
  readonly repeatable: boolean;
}

export interface Appended {
  readonly stream: string;
  readonly sequence: number;
  /** This id was accepted before; nothing was written now. */
  readonly repeated: boolean;
}

export interface OutboxRow {
  readonly sequence: number;
  /** The last sequence it stands for: its own, but for a tombstone. */
  readonly through: number;
  readonly payload: string;
}

/**
 * One incarnation of the outbox. A stream is minted at every opening of the file, so a copy restored from a backup can
 * never reuse a sequence; `after` names the stream before it and its last sequence of the report lane.
 */
export interface OutboxStream {
  readonly stream: string;
  readonly after: { readonly stream: string; readonly sequence: number } | undefined;
  /** The highest sequence given out in each lane, 0 for none. */
  readonly last: Readonly<Record<Lane, number>>;
}

export interface OutboxDepth {
  readonly rows: number;
  readonly bytes: number;
}

/** Durable store of what was accepted and not yet applied (docs/DELIVERY.md). Every promise rejects only on a crash. */
export interface Outbox {
  /**
   * Appends all or none, in order, gap-free. Resolves when they are durable; calls made close together share one commit.
   * Fails with `outbox_full` or `outbox_unwritable`.
   */
  append(entries: readonly NewEntry[]): Promise<Result<readonly Appended[]>>;
  /** Streams that still hold rows, and the current one; oldest first. */
  streams(): readonly OutboxStream[];
  /** A stream of this outbox, also when its rows are gone: the last 100 openings are remembered. */
  find(stream: string): OutboxStream | undefined;
  /** Rows of a lane from a sequence on, in order, until `rows` or `bytes` is passed (at least one if there is one). */
  read(stream: string, lane: Lane, from: number, limit: { readonly rows: number; readonly bytes: number }): readonly OutboxRow[];
  /** The server has applied everything up to `sequence`: deletes it. */
  applied(stream: string, lane: Lane, sequence: number): Promise<Result<void>>;
  /** Frees one row of the user lane; with `report`, that event is appended in the same transaction. */
  release(stream: string, sequence: number, report?: NewEntry): Promise<Result<void>>;
  depth(): OutboxDepth;
  /** Commits what is pending and closes the file. */
  close(): Promise<void>;
}

/** A message of `jetpack send` as it waits in the user lane. */
export interface UserMessage {
  readonly id: string;
  readonly at: number;
  readonly routingKey: string;
  readonly contentType: string;
  readonly bodyBase64: string;
  /** Absent: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Absent: the broker keeps it over its own restart. */
  readonly persistent?: boolean | undefined;
  readonly trace?: TraceContext | undefined;
}
