import { expect, test } from '@jest/globals';
import { isTree, parseExactTree, type ExactJson } from './exact-json.ts';

const parse = (text: string | Uint8Array) => parseExactTree(Buffer.from(text));

test('numbers are written as they were read, at any length', () => {
  const text = '{"a":1.0,"b":[1e16,-0,12345678901234567890],"c":{"d":0.10}}';
  const parsed = parse(text);
  expect(parsed.ok && JSON.stringify(parsed.value)).toBe(text);
});

test('a name such as __proto__ is a member, and nothing but that', () => {
  const parsed = parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
  expect(parsed.ok && Object.keys(parsed.value)).toEqual(['__proto__', 'constructor']);
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect(parsed.ok && (parsed.value as { admin?: ExactJson }).admin).toBeUndefined();
});

test('an object that looks like the text of a number is an object', () => {
  const parsed = parse('{"a":{"rawJSON":"5"},"b":5}');
  expect(parsed.ok && [isTree(parsed.value['a']), isTree(parsed.value['b'])]).toEqual([true, false]);
  expect(parsed.ok && JSON.stringify(parsed.value)).toBe('{"a":{"rawJSON":"5"},"b":5}');
});

test.each([
  ['', 'is empty'],
  ['{"a": 1', 'is not JSON'],
  ['[]', 'is not a JSON object'],
  ['null', 'is not a JSON object'],
  ['5', 'is not a JSON object'],
  [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'is not valid UTF-8'],
  ['['.repeat(100_000), 'nests deeper than 64 levels'],
])('what is no tree is said in a clause: %#', (text, reason) => {
  expect(parse(text)).toEqual({ ok: false, error: reason });
});
