import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { integerOf } from './columns.ts';
import { RowWriter } from './row-writer.ts';

const begin = () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE notes (number INTEGER NOT NULL, text TEXT)');
  const writer = new RowWriter(database, 'notes', 2);
  const add = (from: number, count: number): void => {
    for (let number = from; number < from + count; number += 1) writer.add([number, number % 2 === 0 ? `${number}` : null]);
  };
  return { add, database, rows: () => database.prepare('SELECT number FROM notes ORDER BY rowid').all().map((row) => integerOf(row, 'number')), writer };
};

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

test.each([1, 15, 16, 17, 100])('%i rows are there after a flush, in order and once each', (count) => {
  const { add, database, rows, writer } = begin();
  add(1, count);
  writer.flush();
  writer.flush();
  expect(rows()).toEqual(upTo(count));
  expect(database.prepare('SELECT count(*) AS empty FROM notes WHERE text IS NULL').get()).toEqual({ empty: Math.ceil(count / 2) });
});

test('rows that were forgotten with their transaction do not come with the next', () => {
  const { add, database, rows, writer } = begin();
  database.exec('BEGIN');
  add(1, 20);
  database.exec('ROLLBACK');
  writer.forget();
  add(1, 3);
  writer.flush();
  expect(rows()).toEqual([1, 2, 3]);
});

test('a row that the table refuses is an exception of the flush', () => {
  const { database, writer } = begin();
  database.exec('CREATE UNIQUE INDEX once ON notes (number)');
  writer.add([1, null]);
  writer.add([1, null]);
  expect(() => writer.flush()).toThrow('UNIQUE');
});
