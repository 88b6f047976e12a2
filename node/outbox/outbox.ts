// The node's outbox on SQLite: what was accepted and is not yet applied by the server (docs/DELIVERY.md).
//
// A row:  given a sequence and committed (only now is the caller told) -> applied or released: deleted
//                                                                      -> gave way: a tombstone, applied like a row
//
// Every change is one call's work inside a group commit. Work decides first whether it can be done and answers with a
// value if not; only then does it write. What is kept in memory (last sequences, room, recent ids) follows the
// transaction. It never gives a sequence out twice, never deletes a row of the report lane for any reason but those
// above, and never changes the file in its caller's turn.
import type { Appended, NewEntry, Outbox, OutboxDepth } from '../../actors/node/messaging/ports.ts';
import type { Clock } from '../../effects/clock.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { openDatabase, type Database } from '../../storage/database.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import type { SetAside } from '../../storage/set-aside.ts';
import { catchTrouble } from '../../storage/trouble.ts';
import { renewOwner, type FileOwner } from '../owned-file.ts';
import { RecentIds } from './recent-ids.ts';
import { Rows } from './rows.ts';
import { outboxSchema, standing, type Standing } from './schema.ts';
import { Streams } from './streams.ts';

export interface OutboxOptions {
  readonly clock: Clock;
  /** For the names of streams, which must never come again, and the ids of tombstones. */
  readonly random: Random;
  /** Rows and bytes that may wait, tombstones aside; default 100,000 rows and 128 MiB. */
  readonly limit?: OutboxDepth;
  /** How many ids of repeatable entries are remembered, default 65,536. */
  readonly recentIds?: number;
  /** How long a deletion waits for a commit that an append needs, milliseconds, default 20: nobody waits for it. */
  readonly deletionWaitMs?: number;
}

export interface OpenedOutbox {
  readonly outbox: Outbox;
  /** The file that was found instead and could not be used: damaged, or another machine's. */
  readonly setAside: SetAside | undefined;
}

const defaultLimit: OutboxDepth = { rows: 100_000, bytes: 128 * 1024 * 1024 };
const defaultRecentIds = 65_536;
const defaultDeletionWaitMs = 20;

const standingOf = ({ lane, priority }: NewEntry): Standing =>
  lane === 'user' || priority === 'high' ? standing.stays : standing[priority];

/** An outbox on an open database of its schema. Begins a new stream; throws what the database throws. */
export const createOutbox = (database: Database, options: OutboxOptions): Outbox => {
  const { clock, deletionWaitMs = defaultDeletionWaitMs, random } = options;
  const mintId = (): string => uuid7(clock.now(), random);
  database.exec('BEGIN IMMEDIATE');
  const streams = new Streams(database, mintId());
  database.exec('COMMIT');
  const rows = new Rows(database, options.limit ?? defaultLimit, { mintId, now: () => clock.now() });
  const ids = new RecentIds(database, streams.current.stream, options.recentIds ?? defaultRecentIds);
  const commits = new GroupCommit({
    database,
    clock,
    code: 'outbox_unwritable',
    follower: {
      begun: () => [streams, rows, ids].forEach((part) => part.begun()),
      committing: () => ids.committing(),
      rolledBack: () => [streams, rows, ids].forEach((part) => part.rolledBack()),
    },
  });
  const run = async <T>(work: () => Result<T>): Promise<Result<T>> => {
    const result = await commits.run(work);
    return result.ok ? result.value : result;
  };

  const write = (entry: NewEntry): Appended => {
    const { ordinal, stream } = streams.current;
    const sequence = (streams.last[entry.lane] += 1);
    const { lane, payload } = entry;
    rows.add({ ordinal, lane, sequence, standing: standingOf(entry), bytes: Buffer.byteLength(payload), payload });
    if (entry.repeatable) ids.add(entry.id, sequence);
    return { stream, sequence, repeated: false };
  };

  const appendAll = (entries: readonly NewEntry[]): Result<readonly Appended[]> => {
    const fresh = entries.filter(({ id, repeatable }) => !repeatable || ids.find(id) === undefined);
    const bytes = fresh.reduce((total, { payload }) => total + Buffer.byteLength(payload), 0);
    // A group is as important as its most important entry, and never pushes out what is more important than itself.
    const last = fresh.map(standingOf).reduce<Standing>((most, of) => (of > most ? of : most), standing.low);
    if (!rows.makeRoom({ rows: fresh.length, bytes }, last)) {
      return fail('outbox_full', 'the outbox is full, and nothing in it is less important');
    }
    const appended = entries.map((entry) => {
      const place = entry.repeatable ? ids.find(entry.id) : undefined;
      return place === undefined ? write(entry) : { ...place, repeated: true };
    });
    rows.flush();
    return ok(appended);
  };

  /** Deletes in a stream; in one that is forgotten or foreign there is nothing to delete. `work` says whether it deleted. */
  const deleteFrom = async (name: string, waitMs: number, work: (ordinal: number) => boolean): Promise<Result<void>> => {
    const stream = streams.find(name);
    if (stream === undefined) return ok(undefined);
    const holding = await commits.run(() => {
      if (work(stream.ordinal)) streams.save();
      return streams.hasRows(stream.ordinal);
    }, waitMs);
    if (!holding.ok) return holding;
    streams.note(stream.ordinal, holding.value);
    return ok(undefined);
  };

  return {
    append: (entries) => run(() => appendAll(entries)),
    streams: () => streams.list(),
    find: (stream) => streams.find(stream),
    read: (name, lane, from, limit) => {
      const stream = streams.find(name);
      return stream === undefined ? [] : rows.read(stream.ordinal, lane, from, limit);
    },
    applied: (name, lane, sequence) =>
      deleteFrom(name, deletionWaitMs, (ordinal) => {
        // A sequence of the current stream that was never given out cannot have been applied. Of an earlier stream it can:
        // after a restore this file may know less of it than the server.
        if (ordinal === streams.current.ordinal && sequence > streams.last[lane]) return false;
        return rows.deleteThrough(ordinal, lane, sequence);
      }),
    release: (name, sequence, report) =>
      deleteFrom(name, 0, (ordinal) => {
        const freed = rows.deleteOne(ordinal, 'user', sequence);
        // The report takes the place of the row it frees, so it needs no room; a row freed before is not reported again.
        if (freed && report !== undefined) write(report);
        rows.flush();
        return freed;
      }),
    depth: () => rows.room.depth,
    close: async () => {
      commits.close();
      if (database.isOpen) database.close();
    },
  };
};

/** Opens or creates the outbox at `path` for `owner`. Fails with `outbox_unwritable`. */
export const openOutbox = (path: string, owner: FileOwner, options: OutboxOptions): Result<OpenedOutbox> => {
  const opened = openDatabase(path, outboxSchema(owner), 'outbox_unwritable', options.clock.now());
  if (!opened.ok) return opened;
  const { database, setAside } = opened.value;
  const created = catchTrouble('outbox_unwritable', `${path} cannot be written`, () => {
    renewOwner(database, owner);
    return ok(createOutbox(database, options));
  });
  if (!created.ok) database.close();
  return created.ok ? ok({ outbox: created.value, setAside }) : created;
};
