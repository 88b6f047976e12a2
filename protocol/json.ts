// JSON from outside: bounded before it is parsed, and never an exception.
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

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses bytes as JSON in valid UTF-8 of at most `limits.depth` levels. */
export const parseJson = (bytes: Uint8Array): Result<unknown, string> => {
  if (nestsDeeperThan(bytes, limits.depth)) return { ok: false, error: `nests deeper than ${limits.depth} levels` };
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return { ok: false, error: 'is not valid UTF-8' };
  }
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    return { ok: false, error: 'is not JSON' };
  }
};

/** The first complaint of a schema as `path: what is wrong`, without echoing values, which may be secret or huge. */
export const firstIssue = (error: { readonly issues: ReadonlyArray<{ readonly path: readonly PropertyKey[]; readonly message: string }> }): string => {
  const issue = error.issues[0];
  if (issue === undefined) return 'does not fit its schema';
  const path = issue.path.map(String).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
};

