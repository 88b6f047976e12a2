import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { parseExactTree, type ExactJson } from './exact-json.ts';
import { pythonRepr, pythonText } from './python-text.ts';

/** A value of JSON, with its numbers as written. */
const valueOf = (text: string): ExactJson => {
  const parsed = parseExactTree(Buffer.from(`{"value":${text}}`));
  if (!parsed.ok) throw new Error(`${text} ${parsed.error}`);
  return parsed.value['value']!;
};

const script = `
import json, sys
for line in sys.stdin:
    value = json.loads(line)
    print(json.dumps([str(value), repr(value)]))
`;

/** What Python prints for each of these values of JSON: as str, and as repr. */
const asPython = (texts: readonly string[]): ReadonlyArray<readonly [string, string]> => {
  const input = texts.map((text) => `${text}\n`).join('');
  const lines = execFileSync('python3', ['-c', script], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as [string, string]);
};

const agree = (texts: readonly string[]): void => {
  const expected = asPython(texts);
  const ours = texts.map((text) => [pythonText(valueOf(text)), pythonRepr(valueOf(text))]);
  expect(ours).toEqual(expected);
};

const ascii = (json: string): string => json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

// Blocks that every Unicode since 9 knows alike: a Python older than this Node takes letters that are new for unassigned.
const ranges: ReadonlyArray<readonly [number, number]> = [
  [0x00, 0x17f],
  [0x378, 0x379],
  [0x600, 0x604],
  [0x2000, 0x2064],
  [0x3000, 0x3002],
  [0x4e00, 0x4e40],
  [0xd800, 0xdfff],
  [0xe000, 0xe010],
  [0xfeff, 0xfeff],
  [0xfff9, 0xffff],
  [0x1f600, 0x1f610],
  [0xe0001, 0xe0002],
  [0x10fff0, 0x10ffff],
];
const character = fc.oneof(...ranges.map(([min, max]) => fc.integer({ min, max }))).map((point) => String.fromCodePoint(point));
const quotes = fc.constantFrom("'", '"', '\\', '\n', '\t', '\r', ' ');
const string = fc.array(fc.oneof(character, quotes), { maxLength: 12 }).map((parts) => ascii(JSON.stringify(parts.join(''))));
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 20 })).map(([value, digits]) => value.toExponential(digits)),
  fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -330, max: 330 })).map(([digit, power]) => `${digit}.0E${power}`),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.constantFrom('-0', '-0.0', '0.0', '0e5', '1.0', '1e16', '9999999999999998.0', '1e15', '0.0001', '0.00001', '123456789012345678', '1e400', '-1e400', '5e-324'),
);
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom('null', 'true', 'false'),
    number,
    string,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc.array(fc.tuple(string, tie('value')), { maxLength: 4 }).map((members) => `{${members.map(([name, member]) => `${name}:${member}`).join(',')}}`),
  ),
}));

test('whatever the value, it reads as Python prints it', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 200, maxLength: 200 }), (values) => {
      // A repeated or numeric name of a member has another place in Python: no one cuts objects up.
      agree(values.filter((text) => !/\{/.test(text) || text === '{}'));
    }),
    { numRuns: 4 },
  );
});

test('an object too, its members in the order they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 3 }), { minLength: 50, maxLength: 50 }), (lists) => {
      const objects = lists.map((items) => `{${items.filter((item) => !item.includes('{')).map((item, index) => `"name ${index}'":${item}`).join(',')}}`);
      agree(objects);
    }),
    { numRuns: 2 },
  );
});

test.each([
  ['true', 'True'],
  ['false', 'False'],
  ['null', 'None'],
  ['"true"', 'true'],
  ['""', ''],
  ['[0, 1, 2]', '[0, 1, 2]'],
  ['["a", "b\'s"]', `['a', "b's"]`],
  ['[]', '[]'],
  ['{"a": [true, null, 1.0]}', "{'a': [True, None, 1.0]}"],
  ['12345678901234567890123', '12345678901234567890123'],
])('%s is printed as %s', (text, expected) => {
  expect(pythonText(valueOf(text))).toBe(expected);
});

test.each([
  [1, '1'],
  [-0, '0'],
  [1.5, '1.5'],
  [1e21, '1000000000000000000000'],
  [1e-7, '1e-07'],
])('a number without its text is taken by its value: %p', (number, expected) => {
  expect(pythonText(number)).toBe(expected);
});
