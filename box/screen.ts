// Where the live view is written: on a terminal, events scroll above a footer that is redrawn in place; elsewhere every
// event is a plain line, and the footer is printed when what it says has changed and stayed so for a moment.
import type { Clock } from '../effects/clock.ts';

export interface Screen {
  /** A line that stays. */
  print(line: string): void;
  /** Lines that replace the ones shown before; `key` says when they differ in more than their age. */
  footer(lines: readonly string[], key: string): void;
  /** No footer from now on; what a terminal shows of it is taken away. */
  release(): void;
}

export interface Output {
  /** Undefined where nothing can be redrawn. */
  readonly columns: () => number | undefined;
  readonly write: (text: string) => void;
}

const escape = '\u001b';
const clearDown = `${escape}[0J`;
const up = (lines: number): string => (lines === 0 ? '' : `${escape}[${lines}A`);

/** A colour sequence, which takes no room, or one character. */
const pieces = new RegExp(`${escape}\\[[0-9;]*m|.`, 'gsu');

const widthOf = (line: string): number => (line.match(pieces) ?? []).filter((piece) => !piece.startsWith(escape)).length;

/** A line that wraps would break the count of lines to redraw. */
const cut = (line: string, columns: number): string => {
  if (widthOf(line) <= columns) return line;
  let room = columns;
  let kept = '';
  for (const piece of line.match(pieces) ?? []) {
    if (!piece.startsWith(escape)) room -= 1;
    if (room < 0) break;
    kept += piece;
  }
  return `${kept}${escape}[0m`;
};

const narrowest = 20;

const terminalScreen = ({ write }: Output, columns: () => number): Screen => {
  let shown: readonly string[] = [];
  const draw = (above: string, footer: readonly string[]): void => {
    const width = Math.max(narrowest, columns());
    // Lines that were cut to a wider terminal have wrapped since it became narrower.
    const rows = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)), 0);
    shown = footer.map((line) => cut(line, width - 1));
    write(`${up(rows)}\r${clearDown}${above}${shown.map((line) => `${line}\n`).join('')}`);
  };
  let footer: readonly string[] = [];
  return {
    print: (line) => draw(`${line}\n`, footer),
    footer(lines) {
      if (lines.length === footer.length && lines.every((line, index) => line === footer[index])) return;
      footer = lines;
      draw('', footer);
    },
    release() {
      footer = [];
      draw('', footer);
    },
  };
};

/** How long what a footer says must stay the same to be worth a print, milliseconds. */
const settledMs = 1_000;

const lineScreen = ({ write }: Output, clock: Clock): Screen => {
  let printed = '';
  let latest = { key: '', since: 0 };
  return {
    print: (line) => write(`${line}\n`),
    footer(lines, key) {
      const now = clock.monotonic();
      if (key !== latest.key) latest = { key, since: now };
      if (key === printed || now - latest.since < settledMs) return;
      printed = key;
      write(`${lines.join('\n')}\n`);
    },
    release: () => undefined,
  };
};

export const screenOn = (output: Output, clock: Clock): Screen => {
  const { columns } = output;
  return columns() === undefined ? lineScreen(output, clock) : terminalScreen(output, () => columns() ?? 80);
};
