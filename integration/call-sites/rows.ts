// The rows of call-sites.jsonl: how existing scripts call the command line, and what they must get. Written from what is known
// of the original's behaviour, never from this code. `%{home}`, `%{files}`, `%{locker}`, `%{root}` and `%{work}` in a row stand for the node's
// home, this folder, the address of the locker in it, a scratch folder that takes the place of `/`, and the folder the call is made in.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** This folder: fixtures that rows name. */
export const filesFolder = import.meta.dirname;

export type Fields = Readonly<Record<string, unknown>>;

export type Places = Readonly<Record<string, string>>;

/** Puts in what each `%{NAME}` stands for; a name that is not among the places stays. */
export const fill = (text: string, places: Places): string => text.replaceAll(/%\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);

/** What a call must have brought about. */
export type Effect =
  /** An event that has these members reached the server; `says`: it has these values somewhere, whatever they are called. */
  | { readonly type: 'event'; readonly fields: Fields; readonly says: ReadonlyArray<string | number> }
  | { readonly type: 'keepalive'; readonly durationMs: number }
  /** This blob, and nothing beside it, was brought to a folder that had no file. `folder` is there before the call. */
  | { readonly type: 'file'; readonly file: string; readonly project: string; readonly blob: string; readonly folder: string | undefined }
  /** An archive lies where standard output says. */
  | { readonly type: 'archive' }
  /** These health checks, or tests of projects, ran. */
  | { readonly type: 'ran'; readonly names: readonly string[] };

/** Exactly one of them. */
export type ExpectedOutput =
  | { readonly type: 'text'; readonly text: string }
  /** `text`: also to the byte. */
  | { readonly type: 'json'; readonly value: unknown; readonly text: string | undefined }
  | { readonly type: 'pattern'; readonly pattern: RegExp };

export const handlings = [
  'output lower-cased before compare',
  'compared with literal True',
  'compared with literal False',
  'trailing newline stripped',
  'nonzero exit selects a fallback',
  'nonzero exit aborts the script',
  'stderr discarded',
  'output grepped',
  'parsed as JSON',
  'parsed as integer',
  'run through sudo',
] as const;

export type Handling = (typeof handlings)[number];

export interface Row {
  /** From 1, in the order of the collection of call sites. */
  readonly row: number;
  /** `repository[@commit]:path[:line]`. */
  readonly source: string;
  /** The call as it stands there. */
  readonly shape: readonly string[];
  /** The same with shell and Chef variables replaced by words. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly output: ExpectedOutput;
  /** '': nothing; else one line that has this in it. */
  readonly stderr: string;
  readonly effect: Effect | undefined;
  /** Why it cannot be judged. */
  readonly open: string | undefined;
  /** How the caller treats what it gets, with the word it looks for, and what that comes to. */
  readonly caller: readonly Handling[];
  readonly grep: string | undefined;
  readonly used: unknown;
  /** A running daemon knows this better than the fixture: then node.json of its home says what is right. */
  readonly machine: boolean;
  /** What was decided because nothing is known of it. */
  readonly chosen: string | undefined;
}

type Wrong = (what: string) => never;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const isWords = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((word) => typeof word === 'string');

const isOneOf = <T extends string>(all: readonly T[], value: unknown): value is T => all.some((one) => one === value);

const members = ['row', 'source', 'shape', 'argv', 'environment', 'exit', 'stdout', 'json', 'pattern', 'stderr', 'effect', 'open', 'caller', 'grep', 'used', 'machine', 'chosen'];

/** Reads members of an object, each once checked to be what it should be. */
const reading = (fields: Fields, wrong: Wrong) => {
  const text = (name: string): string => {
    const value = fields[name];
    return typeof value === 'string' ? value : wrong(`"${name}" is not a text`);
  };
  const maybeText = (name: string): string | undefined => (fields[name] === undefined ? undefined : text(name));
  const number = (name: string): number => {
    const value = fields[name];
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : wrong(`"${name}" is not a whole number`);
  };
  const words = (name: string): readonly string[] => {
    const value = fields[name];
    return isWords(value) && value.length > 0 ? value : wrong(`"${name}" is not a list of words`);
  };
  return { text, maybeText, number, words };
};

const readEffect = (value: unknown, wrong: Wrong): Effect => {
  if (!isFields(value)) return wrong('"effect" is not an object');
  const { event, file, keepalive, ran, says = [] } = value;
  if (isFields(event) && typeof event['kind'] === 'string') {
    if (!Array.isArray(says) || !says.every((one) => typeof one === 'string' || typeof one === 'number')) return wrong('"says" is not a list of values');
    return { type: 'event', fields: event, says };
  }
  if (isFields(keepalive)) return { type: 'keepalive', durationMs: reading(keepalive, wrong).number('durationMs') };
  if (file !== undefined) {
    const read = reading(value, wrong);
    return { type: 'file', file: read.text('file'), project: read.text('project'), blob: read.text('blob'), folder: read.maybeText('folder') };
  }
  if (isWords(ran)) return { type: 'ran', names: ran };
  return value['archive'] === true ? { type: 'archive' } : wrong('"effect" is none of those that are known');
};

const readOutput = (fields: Fields, wrong: Wrong): ExpectedOutput => {
  const { maybeText } = reading(fields, wrong);
  const text = maybeText('stdout');
  const pattern = maybeText('pattern');
  if (pattern !== undefined) return text === undefined && !('json' in fields) ? { type: 'pattern', pattern: new RegExp(pattern) } : wrong('"pattern" does not go with "stdout" or "json"');
  if ('json' in fields) return { type: 'json', value: fields['json'], text };
  return text === undefined ? wrong('it has neither "stdout" nor "json" nor "pattern"') : { type: 'text', text };
};

const readRow = (value: unknown, wrong: Wrong): Row => {
  if (!isFields(value)) return wrong('it is not an object');
  const stray = Object.keys(value).find((name) => !members.includes(name));
  if (stray !== undefined) return wrong(`"${stray}" is not known`);
  const { caller = [], effect, environment = {}, machine = false, used } = value;
  if (!isFields(environment) || !isWords(Object.values(environment))) return wrong('"environment" is not an object of texts');
  if (!Array.isArray(caller) || !caller.every((one) => isOneOf(handlings, one))) return wrong('"caller" has an unknown way');
  if (typeof machine !== 'boolean') return wrong('"machine" is not true or false');
  const { maybeText, number, text, words } = reading(value, wrong);
  return {
    row: number('row'),
    source: text('source'),
    shape: words('shape'),
    argv: words('argv'),
    environment: environment as Readonly<Record<string, string>>, // its values were looked at
    exit: number('exit'),
    output: readOutput(value, wrong),
    stderr: text('stderr'),
    effect: effect === undefined ? undefined : readEffect(effect, wrong),
    open: maybeText('open'),
    caller,
    grep: maybeText('grep'),
    used,
    machine,
    chosen: maybeText('chosen'),
  };
};

/** Objects of a file that has one a line. Throws with the place of the first that is none. */
export const readLines = <T>(file: string, read: (value: unknown, wrong: Wrong) => T): readonly T[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line, index) => {
      const wrong: Wrong = (what) => {
        throw new Error(`${path.basename(file)}:${index + 1}: ${what}`);
      };
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        return wrong('it is not JSON');
      }
      return read(value, wrong);
    });

export const readRows = (file: string = path.join(filesFolder, 'call-sites.jsonl')): readonly Row[] => readLines(file, readRow);
