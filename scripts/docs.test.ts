import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { errorCodes } from '../protocol/errors.ts';
import { eventSchemas } from '../protocol/events.ts';
import { frameSchemas } from '../protocol/frames.ts';
import { requestSchemas } from '../protocol/local.ts';
import { pages } from './docs.ts';
import { fieldTable, table } from './schema-table.ts';

const read = (name: string): string => readFileSync(path.join(import.meta.dirname, '..', 'docs', name), 'utf8');

describe('the documents made from the source', () => {
  test.each(pages().map(({ file, present, wanted }) => [path.basename(file), present, wanted]))('%s is what the source says (npm run docs)', (_, present, wanted) => {
    expect(present).toBe(wanted);
  });

  test('ERRORS.md lists exactly the codes there are', () => {
    const listed = [...read('ERRORS.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);
    expect(listed).toEqual([...errorCodes]);
  });

  test('PROTOCOL.md has a section for exactly the kinds of frames, events and requests there are', () => {
    const sections = [...read('PROTOCOL.md').matchAll(/^### `([a-z]+)`$/gm)].map(([, kind]) => kind);
    expect(sections).toEqual([frameSchemas, eventSchemas, requestSchemas].flatMap((schemas) => Object.keys(schemas)));
  });

  test('PROTOCOL.md leaves no part empty', () => {
    expect(read('PROTOCOL.md')).not.toMatch(/<!-- generated: .* -->\n<!-- end -->/);
  });
});

describe('a table of fields', () => {
  test('names nested fields by their place, marks what may be absent and keeps pipes inside their cell', () => {
    const schema = {
      required: ['list'],
      properties: {
        list: { type: 'array', items: { properties: { n: { type: 'integer', minimum: 1, description: 'one | more' } }, required: ['n'] } },
        level: { type: 'string', enum: ['a', 'b'] },
      },
    };
    expect(fieldTable(schema)).toBe(
      [
        '| field | type | meaning |',
        '|---|---|---|',
        '| `list` | list |  |',
        String.raw`| ${'`list[].n`'} | integer, 1 or more | one \| more |`,
        '| `level?` | `"a"`, `"b"` |  |',
      ].join('\n'),
    );
  });

  test('tells the bounds of numbers, texts and lists, and an object whose keys are anybody\'s from one with fields', () => {
    const schema = {
      properties: {
        count: { type: 'integer', minimum: 0, maximum: 600_000 },
        plain: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        ratio: { type: 'number', maximum: 1 },
        name: { type: 'string', minLength: 1, maxLength: 255 },
        nodes: { type: 'array', maxItems: 1_000 },
        tree: { type: 'object', additionalProperties: {} },
        card: { type: 'object', properties: {}, additionalProperties: false },
        held: { type: 'boolean' },
      },
    };
    const types = fieldTable(schema).split('\n').slice(2).map((line) => line.split(' | ')[1]);
    expect(types).toEqual(['integer, 0 to 600,000', 'integer', 'number, at most 1', 'text, 1 to 255 characters', 'list, at most 1,000', 'object with any keys', 'object', 'boolean']);
  });

  test('of no fields says so', () => {
    expect(fieldTable({})).toBe('No fields of its own.');
  });

  test('has one line a row', () => {
    expect(table(['a'], [['1'], ['2']]).split('\n')).toHaveLength(4);
  });
});
