// The syntax of INI files as Python's configparser reads them (reference, section 8: authors test with it), but strict: what
// it would take for a value by mistake, or refuse without saying where, is a fault with its line.
import { ok, type Result } from '../../protocol/result.ts';

export interface IniEntry {
  /** In lower case. */
  readonly key: string;
  /** As written, for messages. */
  readonly spelling: string;
  /** Continuation lines are joined by line feeds. */
  readonly value: string;
  readonly line: number;
}

export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly entries: readonly IniEntry[];
}

export interface IniFault {
  readonly line: number;
  /** Completes "line 3: …". */
  readonly reason: string;
}

interface OpenEntry {
  readonly key: string;
  readonly spelling: string;
  readonly line: number;
  /** Columns before the key: a line that stands further in continues the value. */
  readonly indent: number;
  readonly parts: string[];
}

interface OpenSection {
  readonly name: string;
  readonly line: number;
  /** By key, in the order of the file. */
  readonly entries: Map<string, OpenEntry>;
}

const longest = 60;

/** Text of the file as a message may repeat it. */
export const quoted = (text: string): string => {
  const printable = text.replaceAll(/\p{Cc}/gu, '\u{FFFD}');
  return printable.length <= longest ? `'${printable}'` : `'${printable.slice(0, longest)}…'`;
};

const headerName = (text: string): string | undefined => /^\[([^\]]*)\]\s*(?:[#;].*)?$/.exec(text)?.[1]?.trim();

class Reader {
  /** By name, in the order of the file. */
  readonly #sections = new Map<string, OpenSection>();
  #section: OpenSection | undefined;
  #entry: OpenEntry | undefined;

  /** Takes one line; says what is wrong with it. */
  take(text: string, line: number): string | undefined {
    const trimmed = text.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) return undefined;
    const indent = text.search(/\S/);
    if (this.#entry !== undefined && indent > this.#entry.indent) {
      this.#entry.parts.push(trimmed);
      return undefined;
    }
    return trimmed.startsWith('[') ? this.#header(trimmed, line) : this.#assignment(trimmed, indent, line);
  }

  sections(): readonly IniSection[] {
    return [...this.#sections.values()].map(({ entries, line, name }) => ({
      name,
      line,
      entries: [...entries.values()].map(({ key, line: at, parts, spelling }) => ({ key, spelling, line: at, value: parts.join('\n').trim() })),
    }));
  }

  #header(text: string, line: number): string | undefined {
    const name = headerName(text);
    if (name === undefined || name === '') return `${quoted(text)} is no section: write [name]`;
    const before = this.#sections.get(name);
    if (before !== undefined) return `section ${quoted(`[${name}]`)} is there already, on line ${before.line}`;
    this.#section = { name, line, entries: new Map() };
    this.#entry = undefined;
    this.#sections.set(name, this.#section);
    return undefined;
  }

  #assignment(text: string, indent: number, line: number): string | undefined {
    const at = text.search(/[=:]/);
    if (at < 0) return `${quoted(text)} is neither a [section] nor key = value`;
    const spelling = text.slice(0, at).trim();
    if (spelling === '') return `${quoted(text)} has no key before ${text.charAt(at)}`;
    if (this.#section === undefined) return `${quoted(spelling)} stands before the first [section]`;
    const key = spelling.toLowerCase();
    const before = this.#section.entries.get(key);
    if (before !== undefined) return `${quoted(spelling)} is set already, on line ${before.line}`;
    this.#entry = { key, spelling, line, indent, parts: [text.slice(at + 1).trim()] };
    this.#section.entries.set(key, this.#entry);
    return undefined;
  }
}

/** `key = value` or `key: value` in `[sections]`; `#` and `;` begin lines of comment; a line further in continues the value. */
export const parseIni = (text: string): Result<readonly IniSection[], IniFault> => {
  const reader = new Reader();
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const reason = reader.take(line, index + 1);
    if (reason !== undefined) return { ok: false, error: { line: index + 1, reason } };
  }
  return ok(reader.sections());
};
