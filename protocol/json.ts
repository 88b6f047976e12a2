// JSON from outside: bounded before it is parsed, and never an exception.
import { isAscii, isUtf8 } from 'node:buffer';
import { limits } from './limits.ts';
import { ok, type Result } from './result.ts';

const quote = 0x22;
const backslash = 0x5c;

/** Whether brackets nest deeper than `limit`, found without parsing: deep JSON costs a parser its stack. */
const nestsDeeperThan = (bytes: Uint8Array, limit: number): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (inString) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
};

/** Bytes as text; undefined when they are not valid UTF-8. Mostly they are ASCII, which costs a copy and no decoding. */
const textOf = (bytes: Uint8Array): string | undefined => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isAscii(buffer)) return buffer.toString('latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
};

/** Parses bytes as JSON in valid UTF-8 of at most `limits.depth` levels; `parse` throws where the text is no JSON. */
export const parseJson = (bytes: Uint8Array, parse: (text: string) => unknown = JSON.parse): Result<unknown, string> => {
  if (nestsDeeperThan(bytes, limits.depth)) return { ok: false, error: `nests deeper than ${limits.depth} levels` };
  const text = textOf(bytes);
  if (text === undefined) return { ok: false, error: 'is not valid UTF-8' };
  try {
    return ok(parse(text));
  } catch {
    return { ok: false, error: 'is not JSON' };
  }
};

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  /** Of unknown members. */
  readonly keys?: readonly string[];
}

/** What zod says in its own words, in ours. */
const sayIssue = ({ code, keys = [], message }: Issue): string => {
  if (code === 'unrecognized_keys') return `unknown member '${keys[0]?.slice(0, 100) ?? ''}'`;
  return code === 'invalid_type' && message.endsWith('received undefined') ? 'is missing' : message;
};

/** The first complaint of a schema as `path: what is wrong`, without echoing values, which may be secret or huge. */
export const firstIssue = (error: { readonly issues: readonly Issue[] }): string => {
  const issue = error.issues[0];
  if (issue === undefined) return 'does not fit its schema';
  const path = issue.path.map(String).join('.');
  const said = sayIssue(issue);
  return path === '' ? said : `${path}: ${said}`;
};

