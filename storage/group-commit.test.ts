import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { integerOf } from './columns.ts';
import { openDatabase, type Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

interface Bench extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly database: Database;
  readonly commits: GroupCommit;
  /** What the follower was told, in order. */
  readonly told: string[];
  readonly write: (text: string) => ReturnType<GroupCommit['run']>;
  readonly count: () => number;
}

const bench = async (): Promise<Bench> => {
  const folder = await temporaryFolder();
  const opened = openDatabase(
    folder.at('a.db'),
    { applicationId: 1, version: 1, create: (database) => database.exec('CREATE TABLE notes (text TEXT NOT NULL)') },
    'outbox_unwritable',
    0,
  );
  if (!opened.ok) throw new Error(opened.error.message);
  const { database } = opened.value;
  const told: string[] = [];
  const clock = new ManualClock();
  const follower = { begun: () => told.push('begun'), committing: () => told.push('committing'), rolledBack: () => told.push('rolled back') };
  const commits = new GroupCommit({ database, clock, code: 'outbox_unwritable', follower });
  const insert = database.prepare('INSERT INTO notes VALUES (?)');
  return {
    clock,
    database,
    commits,
    told,
    write: (text) => commits.run(() => insert.run(text).changes),
    count: () => integerOf(database.prepare('SELECT count(*) AS notes FROM notes').get(), 'notes'),
    [Symbol.asyncDispose]: async () => {
      commits.close();
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
};

/** Makes the next larger write fail as on a full disk. */
const fillDisk = (database: Database): void => {
  const pages = integerOf(database.prepare('PRAGMA page_count').get(), 'page_count');
  database.exec(`PRAGMA max_page_count = ${pages}`);
};

const freeDisk = (database: Database): void => database.exec('PRAGMA max_page_count = 1000000');

const large = 'x'.repeat(20_000);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('calls made close together', () => {
  test('share one commit', async () => {
    await using on = await bench();
    const results = await Promise.all(Array.from({ length: 32 }, (_, index) => on.write(`note ${index}`)));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(on.told).toEqual(['begun', 'committing']);
    expect(on.count()).toBe(32);
  });

  test('share one commit also when each comes a turn after the other, as from an actor', async () => {
    await using on = await bench();
    const results: Array<ReturnType<GroupCommit['run']>> = [];
    for (let index = 0; index < 20; index += 1) {
      results.push(on.write(`note ${index}`));
      await turn();
    }
    await Promise.all(results);
    expect(on.told).toEqual(['begun', 'committing']);
  });

  test('are not gathered for longer than two milliseconds, however many keep coming', async () => {
    await using on = await bench();
    const results: Array<ReturnType<GroupCommit['run']>> = [];
    for (let index = 0; index < 20; index += 1) {
      results.push(on.write(`note ${index}`));
      await on.clock.advance(1);
      await turn();
    }
    await Promise.all(results);
    expect(on.told.filter((what) => what === 'begun').length).toBeGreaterThan(3);
  });

  test('are bounded in number: 600 take three commits', async () => {
    await using on = await bench();
    await Promise.all(Array.from({ length: 600 }, (_, index) => on.write(`note ${index}`)));
    expect(on.told.filter((what) => what === 'begun')).toHaveLength(3);
    expect(on.count()).toBe(600);
  });
});

describe('a call that has patience', () => {
  test('joins the commit of one that has none, behind what waited before', async () => {
    await using on = await bench();
    const order: string[] = [];
    const patient = on.commits.run(() => order.push('patient'), 20);
    await turn();
    await turn();
    expect(on.told).toEqual([]);
    await on.commits.run(() => order.push('urgent'));
    expect(await patient).toEqual({ ok: true, value: 1 });
    expect([order, on.told, on.clock.armed]).toEqual([['patient', 'urgent'], ['begun', 'committing'], 0]);
  });

  test('has a commit of its own when its time is up, with all that waited with it', async () => {
    await using on = await bench();
    const results = [on.commits.run(() => 1, 20), on.commits.run(() => 2, 20)];
    await on.clock.advance(19);
    expect(on.told).toEqual([]);
    await on.clock.advance(1);
    expect(await Promise.all(results)).toEqual([1, 2].map((value) => ({ ok: true, value })));
    expect(on.told).toEqual(['begun', 'committing']);
  });

  test('is committed at closing', async () => {
    await using on = await bench();
    const result = on.commits.run(() => 1, 20);
    on.commits.close();
    expect([await result, on.clock.armed]).toEqual([{ ok: true, value: 1 }, 0]);
  });
});

describe('a call', () => {
  test('never runs in the turn of its caller', async () => {
    await using on = await bench();
    const result = on.write('note');
    await Promise.resolve();
    expect(on.told).toEqual([]);
    await result;
    expect(on.told).toEqual(['begun', 'committing']);
  });

  test('is told of its success only when the transaction has ended', async () => {
    await using on = await bench();
    const within = await on.commits.run(() => on.database.isTransaction);
    expect(within).toEqual({ ok: true, value: true });
    expect(on.database.isTransaction).toBe(false);
  });

  test('after closing is refused, and one before is committed', async () => {
    await using on = await bench();
    const before = on.write('note');
    on.commits.close();
    expect(on.count()).toBe(1);
    expect(await before).toMatchObject({ ok: true });
    expect(await on.write('note')).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
  });
});

describe('a group that cannot be written', () => {
  test('fails as a whole with a code, and leaves nothing behind', async () => {
    await using on = await bench();
    fillDisk(on.database);
    const results = await Promise.all([on.write('small'), on.write(large), on.write('small')]);
    expect(results.map((result) => (result.ok ? 'ok' : result.error.code))).toEqual(Array(3).fill('outbox_unwritable'));
    expect(on.told).toEqual(['begun', 'rolled back']);
    expect(on.count()).toBe(0);
  });

  test('does not hinder the next one', async () => {
    await using on = await bench();
    fillDisk(on.database);
    await on.write(large);
    freeDisk(on.database);
    expect(await on.write(large)).toMatchObject({ ok: true });
    expect(on.count()).toBe(1);
  });

  test('rejects when a defect, not the disk, is why; the next one is not hindered', async () => {
    await using on = await bench();
    const good = on.write('note');
    const bad = on.commits.run(() => on.database.exec('NONSENSE'));
    await expect(good).rejects.toThrow('syntax error');
    await expect(bad).rejects.toThrow('syntax error');
    expect(await on.write('note')).toMatchObject({ ok: true });
    expect(on.count()).toBe(1);
  });
});
