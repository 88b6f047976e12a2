import { expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fail, ok } from '../protocol/result.ts';
import { integerOf } from './columns.ts';
import { openDatabase, type Database, type Schema } from './database.ts';
import { readDatabase, type OwnedForm } from './read-database.ts';
import { copyDatabase } from './testing/copy-database.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const schema: Schema & OwnedForm = { program: 'jetpackd', applicationId: 0x4a_50_54_54, version: 3, create: (database) => database.exec('CREATE TABLE things (name TEXT)') };

const open = (path: string): Database => {
  const opened = openDatabase(path, schema, 'state_unwritable', 0);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value.database;
};

const count = (database: Database): number => integerOf(database.prepare('SELECT count(*) AS things FROM things').get(), 'things');

test('what its owner left is read, and the file stays as it is', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('things.db');
  const database = open(path);
  database.exec("INSERT INTO things VALUES ('a'), ('b')");
  database.close();
  const before = readFileSync(path);
  expect(readDatabase(path, schema, count)).toEqual(ok(2));
  expect(readFileSync(path).equals(before)).toBe(true);
  open(path).close();
});

test('so is what an owner that was killed had committed, and the next owner finds it too', async () => {
  await using folder = await temporaryFolder();
  const database = open(folder.at('things.db'));
  database.exec("INSERT INTO things VALUES ('a')");
  // As a kill leaves it: the file and its log.
  copyDatabase(folder.at('things.db'), folder.at('left.db'));
  database.close();
  expect(readDatabase(folder.at('left.db'), schema, count)).toEqual(ok(1));
  const next = open(folder.at('left.db'));
  expect(count(next)).toBe(1);
  next.close();
});

test('nothing is read while its owner has it, who goes on', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('things.db');
  const database = open(path);
  expect(readDatabase(path, schema, count)).toEqual(fail('file_unreadable', `${path} is in use, and only jetpackd could tell`));
  database.exec("INSERT INTO things VALUES ('a')");
  database.close();
});

test('what is no such database is a reason, and nothing is made where there is none', async () => {
  await using folder = await temporaryFolder();
  const [missing, other, newer, damaged] = [folder.at('missing'), folder.at('other'), folder.at('newer'), folder.at('damaged')];
  open(other).close();
  writeFileSync(damaged, 'nothing of ours '.repeat(1_000));
  expect(readDatabase(missing, schema, count)).toEqual(fail('file_unreadable', `${missing} does not exist`));
  expect(existsSync(missing)).toBe(false);
  expect(readDatabase(other, { ...schema, applicationId: 1 }, count)).toEqual(fail('file_unreadable', `${other} is a database of another program`));
  open(newer).close();
  expect(readDatabase(newer, { ...schema, version: 2 }, count)).toEqual(fail('file_unreadable', `${newer} has version 3, and this program has version 2`));
  expect(readDatabase(damaged, schema, count)).toEqual(fail('file_unreadable', `${damaged} is damaged`));
});
