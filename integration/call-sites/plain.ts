// What a configuration holds, found out without any of the code that is judged.
import { readFileSync } from 'node:fs';
import { handlings, isFields, type Fields, type Handling, type Row } from './rows.ts';

export const readTree = (file: string): Fields => {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isFields(value)) throw new Error(`${file} holds no object`);
  return value;
};

/** What stands under a dotted key; undefined when nothing does. No name in the fixture that a row asks for has a dot itself. */
export const plainLookUp = (tree: Fields, key: string): unknown => {
  let at: unknown = tree;
  for (const word of key.split('.')) {
    if (!isFields(at) || !Object.hasOwn(at, word)) return undefined;
    at = at[word];
  }
  return at;
};

/** Of `jetpack config`: the key and the default, flags left out. Undefined for any other command. */
export const configWords = ({ argv }: Pick<Row, 'argv'>): { readonly key: string | undefined; readonly fallback: string | undefined; readonly json: boolean } | undefined => {
  if (argv[1] !== 'config') return undefined;
  const [key, fallback] = argv.slice(2).filter((word) => word !== '--json');
  return { key, fallback, json: argv.includes('--json') };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return '(no JSON)';
  }
};

/** Standard output and exit code as a caller has them after all it does with them. */
export const handled = (ways: readonly Handling[], grep: string | undefined, { exit, stdout }: { readonly exit: number | null; readonly stdout: string }): unknown => {
  // A script with both has the fallback nearest to the call.
  if (exit !== 0 && ways.includes('nonzero exit selects a fallback')) return '(fallback)';
  if (exit !== 0 && ways.includes('nonzero exit aborts the script')) return '(aborts)';
  let value: unknown = stdout.replace(/\n+$/, '');
  // In the order of this list: what is changed comes before what is looked at.
  for (const way of handlings.filter((one) => ways.includes(one))) {
    const text = String(value);
    switch (way) {
      case 'output lower-cased before compare':
        value = text.toLowerCase();
        break;
      case 'compared with literal True':
        value = text === 'True';
        break;
      case 'compared with literal False':
        value = text === 'False';
        break;
      case 'output grepped':
        // As `grep -i` does where the word is a boolean, which callers lower-case.
        value = grep === 'true' ? text.toLowerCase().includes(grep) : text.includes(grep ?? '');
        break;
      case 'parsed as JSON':
        value = parsed(text);
        break;
      case 'parsed as integer':
        value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
        break;
      case 'nonzero exit selects a fallback':
      case 'nonzero exit aborts the script':
      case 'trailing newline stripped':
      case 'stderr discarded':
      case 'run through sudo':
        break;
    }
  }
  return value;
};
