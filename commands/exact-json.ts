// JSON whose numbers keep the text they were written with: 1.0 stays 1.0, and an integer may be longer than a JavaScript
// number is exact.
import { parseJson } from '../protocol/json.ts';
import { ok, type Result } from '../protocol/result.ts';

/** What `JSON.rawJSON` makes of a number's text; `JSON.stringify` writes it as it was. */
export interface NumberText {
  readonly rawJSON: string;
}

export type ExactJson = null | boolean | number | string | NumberText | readonly ExactJson[] | ExactTree;

export interface ExactTree {
  readonly [key: string]: ExactJson;
}

/** The part of JSON that TypeScript's library does not know yet; Node has it since 22 (ECMA-262, JSON.parse source text access). */
interface JsonWithSource {
  rawJSON(text: string): NumberText;
  isRawJSON(value: unknown): boolean;
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}

const json = JSON as unknown as JsonWithSource;

export const isNumberText = (value: ExactJson): value is NumberText => json.isRawJSON(value);

export const isTree = (value: ExactJson | undefined): value is ExactTree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

/** What is wrong with it completes "it …". Of a name that comes twice in an object the last one counts. */
export const parseExactTree = (bytes: Uint8Array): Result<ExactTree, string> => {
  const parsed = parseExact(bytes);
  if (!parsed.ok) return parsed;
  return isTree(parsed.value) ? ok(parsed.value) : { ok: false, error: 'is not a JSON object' };
};

const withNumberTexts = (text: string): unknown =>
  json.parse(text, (_key, value, { source }) => (typeof value === 'number' && source !== undefined ? json.rawJSON(source) : value));

/** The same of any JSON. */
export const parseExact = (bytes: Uint8Array): Result<ExactJson, string> => {
  if (bytes.length === 0) return { ok: false, error: 'is empty' };
  const parsed = parseJson(bytes, withNumberTexts);
  return parsed.ok ? ok(parsed.value as ExactJson) : parsed; // JSON has no other values
};
