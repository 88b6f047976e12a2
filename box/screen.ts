// Where the live view is written: on a terminal, events scroll above a roster that is redrawn in place; elsewhere every
// event is a plain line and the roster is printed when it changed.

export interface Screen {
  /** A line that stays. */
  print(line: string): void;
  /** Lines that replace the ones shown before; `key` says when they differ in more than their age. */
  footer(lines: readonly string[], key: string): void;
  /** Leaves the last footer standing and writes below it from now on. */
  release(): void;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const clearDown = '\u001b[0J';
const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A`);

/** Cuts a line to the terminal's width: a wrapped line would break the count of lines to redraw. */
const cut = (line: string, columns: number): string => {
  let seen = 0;
  let index = 0;
  while (index < line.length && seen < columns) {
    const sequence = line[index] === '\u001b' ? line.indexOf('m', index) : -1;
    if (sequence === -1) {
      seen += 1;
      index += 1;
    } else index = sequence + 1;
  }
  return index < line.length ? `${line.slice(0, index)}\u001b[0m` : line;
};

const terminalScreen = (output: Output): Screen => {
  let shown: readonly string[] = [];
  const columns = (): number => Math.max(20, (output.columns ?? 80) - 1);
  const draw = (above: string): void => {
    output.write(`${up(shown.length)}\r${clearDown}${above}${shown.map((line) => `${cut(line, columns())}\n`).join('')}`);
  };
  return {
    print: (line) => draw(`${line}\n`),
    footer(lines) {
      const before = shown.length;
      shown = lines;
      output.write(`${up(before)}\r${clearDown}${lines.map((line) => `${cut(line, columns())}\n`).join('')}`);
    },
    release() {
      shown = [];
    },
  };
};

const lineScreen = (output: Output): Screen => {
  let last = '';
  return {
    print: (line) => void output.write(`${line}\n`),
    footer(lines, key) {
      if (key === last) return;
      last = key;
      output.write(`${lines.join('\n')}\n`);
    },
    release: () => undefined,
  };
};

export const screenOn = (output: Output): Screen => (output.isTTY === true ? terminalScreen(output) : lineScreen(output));
