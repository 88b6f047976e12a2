// The node's state on SQLite: what its actors remember, and the reports of changes until the outbox has them.
//
// A change and its reports are one transaction; a report leaves the file when the outbox has it, so a crash in between
// repeats it under its id, which the outbox knows. It never tells a caller before the commit, and never reads what is not committed.
import type { Json } from '../../protocol/configuration.ts';
import type { NodeState, PendingReport, StateChange } from '../../actors/node/state.ts';
import type { Clock } from '../../effects/clock.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { textOf } from '../../storage/columns.ts';
import { openDatabase, type Database } from '../../storage/database.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import type { SetAside } from '../../storage/set-aside.ts';
import { catchTrouble } from '../../storage/trouble.ts';
import { renewOwner, type FileOwner } from '../owned-file.ts';
import { stateSchema } from './schema.ts';

export interface OpenedState {
  readonly state: NodeState;
  /** The file that was found instead and could not be used: damaged, or another machine's. */
  readonly setAside: SetAside | undefined;
}

/** Everything is in the file, so there is nothing to follow. */
const nothing = { begun: () => undefined, committing: () => undefined, rolledBack: () => undefined };

/** State on an open database of its schema. Throws what the database throws. */
const createState = (database: Database, clock: Clock): NodeState => {
  const commits = new GroupCommit({ database, clock, code: 'state_unwritable', follower: nothing });
  const get = database.prepare('SELECT value FROM entries WHERE key = ?');
  // The end of a prefix's range: no key has a character above the last of Unicode.
  const keys = database.prepare('SELECT key FROM entries WHERE key >= ? AND key < ? ORDER BY key');
  const put = database.prepare('INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
  const remove = database.prepare('DELETE FROM entries WHERE key = ?');
  const add = database.prepare('INSERT INTO reports (id, report) VALUES (?, ?) ON CONFLICT (id) DO NOTHING');
  const waiting = database.prepare('SELECT report FROM reports ORDER BY position LIMIT ?');
  const drop = database.prepare('DELETE FROM reports WHERE id = ?');

  const write = ({ key, value }: StateChange): void => {
    if (value === undefined) remove.run(key);
    else put.run(key, JSON.stringify(value));
  };

  return {
    get(key) {
      const row = get.get(key);
      return row === undefined ? undefined : (JSON.parse(textOf(row, 'value')) as Json);
    },
    keys: (prefix) => keys.all(prefix, `${prefix}\u{10FFFF}`).map((row) => textOf(row, 'key')),
    change: (changes, reports = []) =>
      commits.run(() => {
        for (const change of changes) write(change);
        for (const report of reports) add.run(report.event.id, JSON.stringify(report));
      }),
    // Written by this program, so its form is known.
    pending: (limit) => waiting.all(limit).map((row) => JSON.parse(textOf(row, 'report')) as PendingReport),
    reported: (ids) =>
      commits.run(() => {
        for (const id of ids) drop.run(id);
      }),
    close: async () => {
      commits.close();
      if (database.isOpen) database.close();
    },
  };
};

/** Opens or creates the state at `path` for `owner`. Fails with `state_unwritable`. */
export const openState = (path: string, owner: FileOwner, clock: Clock): Result<OpenedState> => {
  const opened = openDatabase(path, stateSchema(owner), 'state_unwritable', clock.now());
  if (!opened.ok) return opened;
  const { database, setAside } = opened.value;
  const created = catchTrouble('state_unwritable', `${path} cannot be read`, () => {
    renewOwner(database, owner);
    return ok(createState(database, clock));
  });
  if (!created.ok) database.close();
  return created.ok ? ok({ state: created.value, setAside }) : created;
};
