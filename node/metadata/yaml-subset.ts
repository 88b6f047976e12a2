// The part of YAML that people write into `meta-data`: maps and lists by indentation, scalars, flow in the form of JSON, and
// blocks of text. Anchors, tags, several documents and keys that are no plain words are refused with their line.
import { parseExactTree, type ExactJson, type ExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

const deepest = 16;

class Unreadable extends Error {}

const refuse = (line: Line | undefined, why: string): never => {
  throw new Unreadable(line === undefined ? why : `cannot be read in line ${line.number}: ${why}`);
};

/** A comment begins the line or stands behind a space, and in no quotes. */
const withoutComment = (text: string): string => {
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    // A quote in quotes: doubled in single ones, after a backslash in double ones.
    if (quote !== '' && ((quote === "'" && text.slice(index, index + 2) === "''") || (quote === '"' && character === '\\'))) index += 1;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if ((character === '"' || character === "'") && (index === 0 || /[\s:,[{-]/.test(text[index - 1] ?? ''))) quote = character;
    else if (character === '#' && (index === 0 || /\s/.test(text[index - 1] ?? ''))) return text.slice(0, index).trimEnd();
  }
  return text.trimEnd();
};

const linesOf = (text: string): readonly Line[] =>
  text.split(/\r?\n/).map((raw, index) => ({ number: index + 1, indent: raw.length - raw.trimStart().length, text: raw.trimStart() }));

const isBlank = ({ text }: Line): boolean => withoutComment(text) === '';

const scalarOf = (text: string, line: Line): ExactJson => {
  if (text === '' || text === '~' || text === 'null') return null;
  if (/^[&*!%@`]/.test(text)) return refuse(line, `what begins with ${text[0] ?? ''} is not understood`);
  const single = /^'((?:[^']|'')*)'$/.exec(text)?.[1];
  if (single !== undefined) return single.replaceAll("''", "'");
  const json = parseExactTree(Buffer.from(`{"value":${text}}`));
  if (json.ok && Object.keys(json.value).length === 1) return json.value['value'] ?? null;
  return /^["[{]/.test(text) ? refuse(line, 'this is not JSON') : text;
};

class Reader {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(text: string) {
    this.#lines = linesOf(text);
  }

  document(): ExactTree {
    const first = this.#peek();
    if (first?.text.trimEnd() === '---') this.#at += 1;
    const line = this.#peek();
    if (line === undefined) return {};
    const read = this.#node(line.indent, 1);
    const rest = this.#peek();
    if (rest !== undefined) refuse(rest, 'this fits nowhere');
    if (Array.isArray(read)) return refuse(line, 'a map is expected');
    return read as ExactTree; // a node is a list or a map
  }

  /** The next line that is neither empty nor a comment. */
  #peek(): Line | undefined {
    for (let line = this.#lines[this.#at]; line !== undefined && isBlank(line); line = this.#lines[this.#at]) this.#at += 1;
    return this.#lines[this.#at];
  }

  #node(indent: number, depth: number): readonly ExactJson[] | ExactTree {
    const first = this.#peek();
    if (depth > deepest) refuse(first, `it nests deeper than ${deepest} levels`);
    return first !== undefined && /^-(\s|$)/.test(first.text) ? this.#list(indent) : this.#map(indent, depth);
  }

  #list(indent: number): readonly ExactJson[] {
    const items: ExactJson[] = [];
    for (let line = this.#peek(); line?.indent === indent && /^-(\s|$)/.test(line.text); line = this.#peek()) {
      this.#at += 1;
      const text = withoutComment(line.text.slice(1)).trim();
      if (/^[\w.-]+:(\s|$)/.test(text) || /^-(\s|$)/.test(text)) refuse(line, 'a list holds scalars only');
      items.push(scalarOf(text, line));
    }
    return items;
  }

  #map(indent: number, depth: number): ExactTree {
    const members = new Map<string, ExactJson>();
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      const [, quoted, plain, rest] = /^(?:"([^"\\]+)"|([\w./-]+)):(?:\s+(.*))?$/.exec(line.text.trimEnd()) ?? [];
      const key = quoted ?? plain ?? refuse(line, 'a key and a colon are expected');
      this.#at += 1;
      members.set(key, this.#value(withoutComment(rest ?? ''), line, depth));
    }
    // Defines own members, whatever their names.
    return Object.fromEntries(members);
  }

  #value(text: string, line: Line, depth: number): ExactJson {
    const [, style, chomp] = /^([|>])([+-]?)$/.exec(text) ?? [];
    if (style !== undefined) return this.#block(line.indent, style === '>', chomp ?? '');
    const next = this.#peek();
    const isDeeper = next !== undefined && (next.indent > line.indent || (next.indent === line.indent && /^-(\s|$)/.test(next.text)));
    return text === '' && isDeeper ? this.#node(next.indent, depth + 1) : scalarOf(text, line);
  }

  /** Lines that stand deeper than `indent`, without the indentation of the first. */
  #block(indent: number, folded: boolean, chomp: string): string {
    const taken: Line[] = [];
    for (let line = this.#lines[this.#at]; line !== undefined && (line.text === '' || line.indent > indent); line = this.#lines[this.#at]) {
      taken.push(line);
      this.#at += 1;
    }
    const own = taken.find(({ text }) => text !== '')?.indent ?? 0;
    const text = taken.map((line) => `${' '.repeat(line.text === '' ? 0 : Math.max(0, line.indent - own))}${line.text}`).join(folded ? ' ' : '\n').trimEnd();
    return chomp === '-' || text === '' ? text : `${text}\n`;
  }
}

/** A map. What is wrong with it completes "it …". */
export const parseYamlSubset = (text: string): Result<ExactTree, string> => {
  try {
    return ok(new Reader(text).document());
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, error: error.message };
    throw error;
  }
};
