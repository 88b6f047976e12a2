import { stripVTControlCharacters } from 'node:util';

/** Characters that show: a colour takes no room. */
const width = (cell: string): number => stripVTControlCharacters(cell).length;

/** Rows of cells as aligned text, one line a row; nothing trails. */
export const columns = (rows: ReadonlyArray<readonly string[]>): string => {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) => Math.max(0, ...rows.map((row) => width(row[column] ?? ''))));
  const padded = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - width(cell));
  return rows.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
};
