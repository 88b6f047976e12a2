// The form of what a command prints: for a person, or JSON for a program. Tables and colours are for terminals; elsewhere the
// cells of a row stand apart by tabs, which is what `cut` and `awk` take.
import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { columns } from './columns.ts';
import type { Environment, Terminal } from './host.ts';

export type Form = 'text' | 'json';

interface FormOptions {
  readonly json?: true;
  readonly output?: Form;
}

/** `--output text|json`, and `--json`, which is short for the latter. */
export const addForm = (command: Command, what = 'as JSON'): Command =>
  command.option('--json', what).addOption(new Option('--output <form>', 'text or json; --json is short for the latter').choices(['text', 'json']));

export const isJson = ({ json, output }: FormOptions): boolean => (output === undefined ? json === true : output === 'json');

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;

export type Mood = 'good' | 'doubtful' | 'bad';

export interface Style {
  readonly table: (rows: ReadonlyArray<readonly string[]>) => string;
  readonly paint: (mood: Mood, text: string) => string;
}

const colours = { good: 'green', doubtful: 'yellow', bad: 'red' } as const;

/** NO_COLOR (no-color.org) counts when it is not empty; so does a terminal that calls itself dumb. */
const wantsColours = ({ NO_COLOR = '', TERM = '' }: Environment): boolean => NO_COLOR === '' && TERM !== 'dumb';

export const styleFor = (terminal: Terminal, env: Environment): Style => ({
  table: terminal.output ? columns : (rows) => rows.map((row) => `${row.join('\t').trimEnd()}\n`).join(''),
  paint: (mood, text) => (terminal.output && wantsColours(env) ? styleText(colours[mood], text, { validateStream: false }) : text),
});
