// Durable appends a second, 32 callers at a time: bare node:sqlite, one transaction for all 32, beside our outbox, which is
// called 32 times and gathers by itself. Same disk, same settings of SQLite, same payload.
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { NewEntry } from '../actors/node/messaging/ports.ts';
import { systemClock } from '../effects/clock.ts';
import { systemRandom, uuid7 } from '../effects/random.ts';
import { openOutbox } from '../node/outbox/outbox.ts';
import { encodeEvent } from '../protocol/codec.ts';
import type { Result } from '../protocol/result.ts';
import { inFolder } from './folder.ts';
import type { Suite } from './harness.ts';

const group = 32;
const turnMs = 1_000;

const unwrap = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

const entry = (): NewEntry => {
  const id = uuid7(systemClock.now(), systemRandom);
  const message = 'job 4711 finished on 16 cores after 01:23:45, exit code 0, 42 GiB written to /shared/results/run-0815';
  const payload = unwrap(encodeEvent({ kind: 'log', id, at: systemClock.now(), level: 'info', priority: 'medium', message }));
  return { id, lane: 'report', priority: 'medium', payload, repeatable: true };
};

/** Appends groups until the time is up; entries a second. Making the entries is not measured. */
const groups = async (append: (entries: readonly NewEntry[]) => Promise<void> | void): Promise<number> => {
  let spent = 0;
  let appended = 0;
  while (spent < turnMs) {
    const entries = Array.from({ length: group }, entry);
    const begun = systemClock.monotonic();
    await append(entries);
    spent += systemClock.monotonic() - begun;
    appended += group;
  }
  return (appended / spent) * 1_000;
};

const bareSqlite = (): Promise<number> =>
  inFolder(async (folder) => {
    const database = new DatabaseSync(path.join(folder, 'bare.db'));
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('CREATE TABLE rows (position INTEGER PRIMARY KEY, id TEXT NOT NULL, payload TEXT NOT NULL)');
    const begin = database.prepare('BEGIN IMMEDIATE');
    const insert = database.prepare('INSERT INTO rows (id, payload) VALUES (?, ?)');
    const commit = database.prepare('COMMIT');
    const rate = await groups((entries) => {
      begin.run();
      for (const { id, payload } of entries) insert.run(id, payload);
      commit.run();
    });
    database.close();
    return rate;
  });

const ourOutbox = (): Promise<number> =>
  inFolder(async (folder) => {
    const owner = { cluster: 'bench', node: 'bench', instanceId: 'bench' };
    const options = { clock: systemClock, random: systemRandom, limit: { rows: 10_000_000, bytes: 10_000_000_000 } };
    const { outbox } = unwrap(openOutbox(path.join(folder, 'outbox.db'), owner, options));
    const rate = await groups(async (entries) => {
      const results = await Promise.all(entries.map((one) => outbox.append([one])));
      for (const result of results) unwrap(result);
    });
    await outbox.close();
    return rate;
  });

export const outbox: Suite = {
  title: `Durable appends a second, ${group} callers at a time`,
  libraries: ['sqlite'],
  comparisons: [
    {
      name: 'append',
      unit: 'appends',
      aim: 0.5,
      peer: { name: 'bare node:sqlite, one transaction a group', turn: bareSqlite },
      product: { name: 'outbox, one call an entry', turn: ourOutbox },
    },
  ],
};
