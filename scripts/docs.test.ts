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

  test('of no fields says so', () => {
    expect(fieldTable({})).toBe('No fields of its own.');
  });

  test('has one line a row', () => {
    expect(table(['a'], [['1'], ['2']]).split('\n')).toHaveLength(4);
  });
});
