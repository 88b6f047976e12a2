import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clusterlinkMessages } from '../protocol/clusterlink.ts';
import { errorCodes } from '../protocol/errors.ts';
import { eventSchemas } from '../protocol/events.ts';
import { commandNames, frameSchemas } from '../protocol/frames.ts';
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

  test('PROTOCOL.md has a section for exactly the kinds of frames, events, requests and posted messages there are', () => {
    const sections = [...read('PROTOCOL.md').matchAll(/^### `([a-z-]+)`$/gm)].map(([, kind]) => kind);
    expect(sections).toEqual([frameSchemas, eventSchemas, requestSchemas, clusterlinkMessages].flatMap((schemas) => Object.keys(schemas)));
  });

  test('OPERATIONS.md has a section for exactly the commands there are, and every member of a template', () => {
    const text = read('OPERATIONS.md');
    expect([...text.matchAll(/^### `([a-z]+)`$/gm)].map(([, command]) => command)).toEqual([...commandNames]);
    for (const member of ['configuration?', 'locker?', 'specs?[].project', 'nodes?.NAME.roles?', 'nodes?.NAME.specs?[].spec']) expect(text).toContain(`| \`${member}\` |`);
  });

  test.each(['PROTOCOL.md', 'OPERATIONS.md'])('%s leaves no part empty', (name) => {
    expect(read(name)).toMatch(/<!-- generated: .* -->/);
    expect(read(name)).not.toMatch(/<!-- generated: .* -->\n<!-- end -->/);
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

  test('tells what may be either of several, what holds when a field is absent, and the fields under names of one\'s own', () => {
    const schema = {
      properties: {
        nodes: { anyOf: [{ type: 'string', const: 'all' }, { type: 'array', minItems: 1, maxItems: 10_000 }] },
        seconds: { type: 'integer', minimum: 1, default: 3_600 },
        entries: { type: 'object', additionalProperties: { type: 'object', properties: { roles: { type: 'array' } } } },
      },
      required: ['nodes'],
    };
    expect(fieldTable(schema).split('\n').slice(2)).toEqual([
      '| `nodes` | `"all"` or list, 1 to 10,000 |  |',
      '| `seconds?` | integer, 1 or more; `3600` when absent |  |',
      '| `entries?` | object |  |',
      '| `entries?.NAME.roles?` | list |  |',
    ]);
  });

  test('of no fields says so', () => {
    expect(fieldTable({})).toBe('No fields of its own.');
  });

  test('has one line a row', () => {
    expect(table(['a'], [['1'], ['2']]).split('\n')).toHaveLength(4);
  });
});
