import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { textOf } from './columns.ts';
import { openDatabase, type Database, type OpenedDatabase, type Schema } from './database.ts';
import { copyDatabase } from './testing/copy-database.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const schema: Schema = {
  applicationId: 77,
  version: 3,
  create: (database) => database.exec('CREATE TABLE notes (text TEXT NOT NULL)'),
};

const noon = Date.UTC(2026, 0, 1, 12);

const open = (file: string, of = schema): OpenedDatabase => {
  const opened = openDatabase(file, of, 'store_unwritable', noon);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

const write = (database: Database, text: string): void => void database.prepare('INSERT INTO notes VALUES (?)').run(text);

const read = (database: Database): readonly string[] => database.prepare('SELECT text FROM notes').all().map((row) => textOf(row, 'text'));

/** A sound database with this many notes, closed. */
const filled = (file: string, notes = 200): void => {
  const { database } = open(file);
  database.exec('BEGIN');
  for (let note = 0; note < notes; note += 1) write(database, `note ${note} `.repeat(50));
  database.exec('COMMIT');
  database.close();
};

describe('a database file', () => {
  test('keeps what was committed, and nothing is set aside', async () => {
    await using folder = await temporaryFolder();
    const first = open(folder.at('a.db'));
    write(first.database, 'kept');
    first.database.close();
    const second = open(folder.at('a.db'));
    expect(read(second.database)).toEqual(['kept']);
    expect([first.setAside, second.setAside]).toEqual([undefined, undefined]);
    second.database.close();
  });

  test('keeps what was committed when its process is killed', async () => {
    await using folder = await temporaryFolder();
    const { database } = open(folder.at('a.db'));
    write(database, 'kept');
    copyDatabase(folder.at('a.db'), folder.at('b.db'));
    database.close();
    const left = open(folder.at('b.db'));
    expect(read(left.database)).toEqual(['kept']);
    left.database.close();
  });

  test('is synced to the disk at every commit', async () => {
    await using folder = await temporaryFolder();
    const { database } = open(folder.at('a.db'));
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    database.close();
  });

  test('is private, and so is its log', async () => {
    await using folder = await temporaryFolder();
    const { database } = open(folder.at('a.db'));
    write(database, 'secret');
    const files = readdirSync(path.dirname(folder.at('a.db')));
    expect(files.toSorted()).toEqual(['a.db', 'a.db-wal']);
    for (const file of files) expect(statSync(folder.at(file)).mode & 0o777).toBe(0o600);
    database.close();
  });

  test('belongs to one opener at a time; the next is told so and the file stays', async () => {
    await using folder = await temporaryFolder();
    const first = open(folder.at('a.db'));
    write(first.database, 'mine');
    expect(openDatabase(folder.at('a.db'), schema, 'store_unwritable', noon)).toMatchObject({ ok: false, error: { code: 'store_unwritable' } });
    expect(read(first.database)).toEqual(['mine']);
    first.database.close();
  });

  test('that cannot be made is an answer with a code', async () => {
    await using folder = await temporaryFolder();
    const opened = openDatabase(folder.at('no/such/folder.db'), schema, 'outbox_unwritable', noon);
    expect(opened).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
  });

  test('that was begun and never filled is begun again', async () => {
    await using folder = await temporaryFolder();
    writeFileSync(folder.at('a.db'), '');
    const { database, setAside } = open(folder.at('a.db'));
    expect(setAside).toBeUndefined();
    expect(read(database)).toEqual([]);
    database.close();
  });

  test('does not take the log of another that is gone for its own', async () => {
    await using folder = await temporaryFolder();
    const { database } = open(folder.at('a.db'));
    write(database, 'of another');
    copyDatabase(folder.at('a.db'), folder.at('b.db'));
    database.close();
    truncateSync(folder.at('b.db'));
    const fresh = open(folder.at('b.db'));
    expect(read(fresh.database)).toEqual([]);
    fresh.database.close();
  });

  test('a defect while it is made stays an exception', async () => {
    await using folder = await temporaryFolder();
    const broken: Schema = { ...schema, create: (database) => database.exec('CREATE NONSENSE') };
    expect(() => open(folder.at('a.db'), broken)).toThrow('syntax error');
  });
});

describe('a file that is no sound database of ours', () => {
  interface Ruin {
    readonly what: string;
    readonly ruin?: (file: string) => void;
    readonly of?: Schema;
    readonly reason: RegExp;
  }

  test.each<Ruin>([
    { what: 'random bytes', ruin: (file) => writeFileSync(file, 'no database at all '.repeat(500)), reason: /corrupt \(file is not a database\)/ },
    { what: 'truncated', ruin: (file) => truncateSync(file, Math.floor(statSync(file).size / 2)), reason: /corrupt/ },
    { what: 'overwritten in the middle', ruin: (file) => writeFileSync(file, readFileSync(file).fill(0xff, 12_288, 16_384)), reason: /corrupt/ },
    { what: 'of a later schema', of: { ...schema, version: 4 }, reason: /schema has version 3, and this program has version 4/ },
    { what: "another program's", of: { ...schema, applicationId: 78 }, reason: /another program/ },
    { what: 'refused by its owner', of: { ...schema, refuse: (database) => (read(database).length > 1 ? 'it is not mine' : undefined) }, reason: /it is not mine/ },
    {
      what: 'no file',
      ruin: (file) => {
        rmSync(file);
        mkdirSync(file);
      },
      reason: /not a file/,
    },
  ])('$what: is set aside untouched with its reason, and a fresh one begins', async ({ ruin, of = schema, reason }) => {
    await using folder = await temporaryFolder();
    const file = folder.at('a.db');
    const contents = (name: string) => (statSync(name).isFile() ? readFileSync(name) : 'a folder');
    filled(file);
    ruin?.(file);
    const found = contents(file);
    const { database, setAside } = open(file, of);
    expect(setAside).toEqual({ path: `${file}.aside-2026-01-01T12-00-00-000Z`, reason: expect.stringMatching(reason) });
    expect(contents(`${file}.aside-2026-01-01T12-00-00-000Z`)).toEqual(found);
    write(database, 'fresh');
    database.close();
    const again = open(file, of);
    expect(again.setAside).toBeUndefined();
    expect(read(again.database)).toEqual(['fresh']);
    again.database.close();
  });
});

describe('a file of an earlier version', () => {
  const first: Schema = { ...schema, version: 1 };
  const third: Schema = {
    ...schema,
    upgrades: {
      1: (database) => database.exec("ALTER TABLE notes ADD COLUMN mark TEXT NOT NULL DEFAULT 'old'"),
      2: (database) => database.exec('CREATE TABLE more (text TEXT)'),
    },
  };
  const versionOf = (database: Database): unknown => database.prepare('PRAGMA user_version').get();

  const begun = (file: string, of = first): void => {
    const { database } = open(file, of);
    write(database, 'kept');
    database.close();
  };

  test('is carried over step by step, and nothing is set aside', async () => {
    await using folder = await temporaryFolder();
    begun(folder.at('a.db'));
    const { database, setAside } = open(folder.at('a.db'), third);
    expect([setAside, read(database), versionOf(database)]).toEqual([undefined, ['kept'], { user_version: 3 }]);
    expect(database.prepare('SELECT mark FROM notes').all()).toEqual([{ mark: 'old' }]);
    expect(database.prepare('SELECT * FROM more').all()).toEqual([]);
    database.close();
    const again = open(folder.at('a.db'), third);
    expect([again.setAside, read(again.database)]).toEqual([undefined, ['kept']]);
    again.database.close();
  });

  test('is as it was when a step fails, and that stays an exception', async () => {
    await using folder = await temporaryFolder();
    begun(folder.at('a.db'));
    const broken: Schema = { ...third, upgrades: { ...third.upgrades, 2: (database) => database.exec('CREATE NONSENSE') } };
    expect(() => open(folder.at('a.db'), broken)).toThrow('syntax error');
    const { database, setAside } = open(folder.at('a.db'), first);
    expect([setAside, read(database), versionOf(database)]).toEqual([undefined, ['kept'], { user_version: 1 }]);
    database.close();
  });

  test('whose owner refuses what became of it is set aside as it was', async () => {
    await using folder = await temporaryFolder();
    begun(folder.at('a.db'));
    const { database, setAside } = open(folder.at('a.db'), { ...third, refuse: () => 'it is not mine' });
    expect([setAside?.reason, read(database)]).toEqual(['it is not mine', []]);
    database.close();
    const kept = open(setAside?.path ?? '', first);
    expect([read(kept.database), versionOf(kept.database)]).toEqual([['kept'], { user_version: 1 }]);
    kept.database.close();
  });

  test('that no step leads away from is set aside, also when later ones would', async () => {
    await using folder = await temporaryFolder();
    begun(folder.at('a.db'));
    const { database, setAside } = open(folder.at('a.db'), { ...schema, upgrades: { 2: () => undefined } });
    expect([setAside?.reason, read(database)]).toEqual(['its schema has version 1, and this program has version 3', []]);
    database.close();
  });

  test('and one of a later version is set aside, whatever steps there are', async () => {
    await using folder = await temporaryFolder();
    begun(folder.at('a.db'), { ...schema, version: 4 });
    const { database, setAside } = open(folder.at('a.db'), third);
    expect(setAside?.reason).toBe('its schema has version 4, and this program has version 3');
    database.close();
  });
});

describe('setting aside', () => {
  test('takes the log along, so that the set can still be opened', async () => {
    await using folder = await temporaryFolder();
    const { database } = open(folder.at('a.db'));
    write(database, 'in the log');
    copyDatabase(folder.at('a.db'), folder.at('b.db'));
    database.close();
    const { database: fresh, setAside } = open(folder.at('b.db'), { ...schema, version: 9 });
    fresh.close();
    const kept = open(setAside?.path ?? '');
    expect(read(kept.database)).toEqual(['in the log']);
    kept.database.close();
  });

  test('gives every file a name of its own, also within one instant', async () => {
    await using folder = await temporaryFolder();
    const aside = [4, 5, 6].map((version) => {
      const { database, setAside } = open(folder.at('a.db'), { ...schema, version });
      database.close();
      return setAside?.path;
    });
    expect(aside[0]).toBeUndefined();
    expect(new Set(aside).size).toBe(3);
    expect(aside.slice(1).every((file) => file !== undefined && existsSync(file))).toBe(true);
  });

  test('happens to a file that this user may not read, but that only its mode forbids is nothing to root', async () => {
    await using folder = await temporaryFolder();
    filled(folder.at('a.db'), 1);
    chmodSync(folder.at('a.db'), 0o000);
    const { database, setAside } = open(folder.at('a.db'));
    expect(setAside?.reason).toBe(process.getuid?.() === 0 ? undefined : 'this user may not read and write it');
    database.close();
  });
});
