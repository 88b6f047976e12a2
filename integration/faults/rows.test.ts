// Holds the list of faults (README.md) complete: every row names tests that exist, and every test of a row is named.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { parseSync } from '@swc/core';

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

/** Of the syntax tree only what is asked of it. */
interface Syntax {
  readonly type?: string;
  readonly value?: string;
  readonly callee?: Syntax;
  readonly object?: Syntax;
  readonly property?: Syntax;
  readonly arguments?: ReadonlyArray<{ readonly expression: Syntax }>;
  readonly quasis?: ReadonlyArray<{ readonly raw: string }>;
}

/** `test(…)`, or the second call of `test.each(…)(…)`. */
const isTest = ({ callee }: Syntax): boolean => {
  const called = callee?.type === 'CallExpression' && callee.callee?.property?.value === 'each' ? callee.callee.object : callee;
  return called?.type === 'Identifier' && called.value === 'test';
};

const testsUnder = (syntax: unknown): readonly string[] => {
  if (typeof syntax !== 'object' || syntax === null) return [];
  // What the parser made: every member may be missing.
  const node = syntax as Syntax;
  const name = node.type === 'CallExpression' && isTest(node) ? node.arguments?.[0]?.expression : undefined;
  const told = name?.value ?? name?.quasis?.map(({ raw }) => raw).join('…');
  return [...(told === undefined ? [] : [told]), ...Object.values(node).flatMap(testsUnder)];
};

/** The names that a file gives its tests, and nothing else that it says. */
const testsIn = (file: string): readonly string[] => testsUnder(parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript' }).body);

const rowsIn = (file: string): readonly number[] => {
  const rows = testsIn(path.join(folder, file)).flatMap((name) => /^row (\d+): /.exec(name)?.[1] ?? []);
  return [...new Set(rows.map(Number))];
};

const keyOf = ({ file, row }: { readonly row: number; readonly file: string }): string => `${String(row).padStart(2, '0')} ${file}`;

test('every row of the broker is in the list', () => {
  const elsewhere = [24];
  const rows = Array.from({ length: 26 }, (_, index) => index + 1).filter((row) => !elsewhere.includes(row));
  expect([...new Set(listed.map(({ row }) => row))]).toEqual(rows);
});

test('the list names the tests of this folder for what their names say, and no others', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts') && file !== 'rows.test.ts');
  const told = files.flatMap((file) => rowsIn(file).map((row) => keyOf({ row, file })));
  expect(here.map(keyOf).toSorted()).toEqual(told.toSorted());
});

test('what the list names elsewhere exists', () => {
  const missing = listed.filter(({ file, name }) => name !== undefined && !testsIn(path.join(root, file)).includes(name));
  expect(missing).toEqual([]);
});
