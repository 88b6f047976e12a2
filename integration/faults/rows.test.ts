// Holds the list of faults (README.md) complete: every row names tests that exist, and every test of a row is named.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const folder = import.meta.dirname;
const root = path.resolve(folder, '../..');

/** A file that shows a row: one of this folder by the number in the names of its tests, one elsewhere by a test's name. */
interface Proof {
  readonly row: number;
  readonly file: string;
  readonly name: string | undefined;
}

const rowOf = (line: string): readonly Proof[] => {
  const [, row, , shown = ''] = line.split('|').map((cell) => cell.trim());
  const proofs = shown.matchAll(/`([^`]+\.ts)`(?: "([^"]+)")?/g);
  return Array.from(proofs, ([, file = '', name]) => ({ row: Number(row), file, name }));
};

const lines = readFileSync(path.join(folder, 'README.md'), 'utf8').split('\n').filter((line) => /^\| \d+ \|/.test(line));
const listed = lines.flatMap(rowOf);
const here = listed.filter(({ name }) => name === undefined);

const rowsIn = (file: string): readonly number[] => {
  const text = readFileSync(path.join(folder, file), 'utf8');
  return [...new Set(Array.from(text.matchAll(/^\s*\]?.*\(['"`]row (\d+): /gm), ([, row]) => Number(row)))];
};

const keyOf = ({ file, row }: { readonly row: number; readonly file: string }): string => `${String(row).padStart(2, '0')} ${file}`;

test('every row of the broker is in the list', () => {
  const elsewhere = [21, 24];
  const rows = Array.from({ length: 26 }, (_, index) => index + 1).filter((row) => !elsewhere.includes(row));
  expect([...new Set(listed.map(({ row }) => row))]).toEqual(rows);
});

test('the list names the tests of this folder for what their names say, and no others', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts') && file !== 'rows.test.ts');
  const told = files.flatMap((file) => rowsIn(file).map((row) => keyOf({ row, file })));
  expect(here.map(keyOf).toSorted()).toEqual(told.toSorted());
});

test('what the list names elsewhere exists', () => {
  const missing = listed.filter(({ file, name }) => name !== undefined && !readFileSync(path.join(root, file), 'utf8').includes(name));
  expect(missing).toEqual([]);
});
