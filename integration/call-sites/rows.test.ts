// Holds the expectations to what they must be before they judge anything: complete, true to the fixture, and of themselves.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { allBlobs, blobPlaces, placeProjects } from './locker.ts';
import { configWords, handled, plainLookUp, readTree } from './plain.ts';
import { readCallers } from './run-caller.ts';
import { filesFolder, handlings, readRows } from './rows.ts';

const rows = readRows();
const fixture = path.join(filesFolder, 'node.json');
const tree = readTree(fixture);
const configRows = rows.flatMap((row) => {
  const words = configWords(row);
  return words === undefined ? [] : [{ row, ...words, value: plainLookUp(tree, words.key ?? '') }];
});

const folder = mkdtempSync(path.join(tmpdir(), 'call-site-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the rows', () => {
  test('are all the 261 of the collection, each once and in order', () => {
    expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 261 }, (_, index) => index + 1));
  });

  test('name their source, and call a program with words that need no shell', () => {
    for (const { argv, row, shape, source } of rows) {
      expect([row, source]).toEqual([row, expect.stringMatching(/^\S+(\/| ).+/)]);
      expect([row, argv.length]).toEqual([row, shape.length]);
      expect([row, shape[0]]).toEqual([row, row === 261 ? 'healthcheck' : 'jetpack']);
      expect([row, argv[0]]).toEqual([row, shape[0]]);
      expect(argv.join(' ')).not.toMatch(/\$\{|\$\(|\$[A-Za-z0-9]|#\{|\{\{|<\w/);
    }
  });

  test('are all judged: none is open', () => {
    expect(rows.filter(({ open }) => open !== undefined)).toEqual([]);
  });

  test('ask for nothing on standard output, and for one line on standard error, where a call must fail', () => {
    for (const { exit, row, stderr } of rows) expect([row, stderr === '']).toEqual([row, exit === 0]);
    for (const { output, row } of rows.filter(({ exit }) => exit !== 0)) expect([row, output]).toEqual([row, { type: 'text', text: '' }]);
  });

  test('say what was decided wherever they do not ask for a known text', () => {
    const vague = rows.filter(({ argv: [, word = ''], output }) => output.type === 'pattern' && !word.startsWith('-'));
    expect(vague.filter(({ chosen }) => chosen === undefined)).toEqual([]);
  });

  test('of downloads without --project have the project of the script around them', () => {
    for (const { argv, effect, environment, row } of rows.filter(({ argv }) => argv[1] === 'download')) {
      const named = argv.some((word) => word.startsWith('--project'));
      expect([row, Object.keys(environment)]).toEqual([row, named ? [] : ['CYCLECLOUD_PROJECT_NAME']]);
      expect([row, effect]).toEqual([row, expect.objectContaining({ type: 'file', ...(named ? {} : { project: environment['CYCLECLOUD_PROJECT_NAME'] }) })]);
    }
  });

  test('of downloads ask for every blob of the locker, those of users, of projects and of both', () => {
    const asked = rows.flatMap(({ effect }) => (effect?.type === 'file' ? [effect] : []));
    expect([...new Set(asked.map(({ blob, project }) => `${project}/${blob}`))].sort()).toEqual(allBlobs());
    const kinds = asked.map(({ blob, project }) => Object.entries(blobPlaces(project, blob)).flatMap(([kind, file]) => (file === undefined ? [] : [kind])).join(' and '));
    expect(new Set(kinds)).toEqual(new Set(['uploaded', 'own', 'uploaded and own']));
  });

  test('of tests name each file of tests that the projects bring', () => {
    const home = path.join(folder, 'tested');
    placeProjects(home);
    const brought = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((file) => /\/tests\/[^/]+\.(?:sh|py)$/.test(file));
    const names = rows.filter(({ argv }) => argv[1] === 'test').map(({ effect }) => (effect?.type === 'ran' ? effect.names : []));
    expect(names.map((each) => each.toSorted())).toEqual([brought.map((file) => path.basename(file)).sort()]);
  });

  test('come to what their callers are said to use', () => {
    const judged = rows.filter(({ used }) => used !== undefined);
    for (const { caller, exit, grep, output, row, used } of judged) {
      const stdout = output.type === 'pattern' ? '' : (output.text ?? JSON.stringify(output.type === 'json' ? output.value : ''));
      expect([row, handled(caller, grep, { exit, stdout })]).toEqual([row, used]);
    }
    expect(new Set(judged.flatMap(({ caller }) => caller))).toEqual(new Set(handlings));
  });
});

describe('the rows of config', () => {
  test('ask for both what the fixture has and what it lacks, in every form', () => {
    const kinds = configRows.map(({ fallback, json, value }) => `${value === undefined ? 'missing' : 'there'}${fallback === undefined ? '' : ', default'}${json ? ', json' : ''}`);
    expect(new Set(kinds)).toEqual(new Set(['there', 'there, default', 'there, json', 'missing', 'missing, default', 'missing, default, json']));
    const types = configRows.flatMap(({ value }) => (value === undefined ? [] : [value === null ? 'null' : Array.isArray(value) ? `list of ${typeof value[0]}s` : typeof value]));
    expect(new Set(types)).toEqual(new Set(['string', 'boolean', 'number', 'null', 'object', 'list of numbers', 'list of strings']));
  });

  test('fail exactly where the key is missing and has no default', () => {
    for (const { fallback, key, row, value } of configRows) {
      const fails = value === undefined && fallback === undefined;
      expect([row.row, row.exit, row.stderr]).toEqual([row.row, fails ? 1 : 0, fails ? `'${key}'` : '']);
    }
  });

  test('expect the default as it was typed where the key is missing', () => {
    const fallen = configRows.filter(({ fallback, json, value }) => value === undefined && fallback !== undefined && !json);
    expect(fallen.length).toBeGreaterThan(10);
    for (const { fallback, row } of fallen) expect([row.row, row.output]).toEqual([row.row, { type: 'text', text: `${fallback}\n` }]);
  });

  test('expect what Python prints of everything that is there, and its JSON', () => {
    const found = configRows.filter(({ value }) => value !== undefined);
    const questions = path.join(folder, 'questions.json');
    writeFileSync(questions, JSON.stringify(found.map(({ json, key }) => ({ key, json }))));
    // The original is a Python program: this is what `print` and `json.dumps` make of the values.
    const program = [
      'import functools, json, sys',
      'tree, questions = (json.load(open(name, encoding="utf-8")) for name in sys.argv[1:])',
      'def answer(q):',
      '    value = functools.reduce(lambda at, word: at[word], q["key"].split("."), tree)',
      '    if not q["json"]: return str(value) + "\\n"',
      '    return json.dumps(value if isinstance(value, dict) else {q["key"]: value}, indent=4) + "\\n"',
      'print(json.dumps([answer(q) for q in questions]))',
    ].join('\n');
    const answers: unknown = JSON.parse(execFileSync('python3', ['-c', program, fixture, questions], { encoding: 'utf8' }));
    const texts = found.map(({ row: { output } }) => (output.type === 'pattern' ? undefined : output.text));
    expect(texts).toEqual(answers);
  });

  test('have for JSON the value of their text', () => {
    const values = configRows.filter(({ json }) => json).map(({ row }) => row.output);
    expect(values).toHaveLength(4);
    for (const output of values) expect(output).toEqual({ type: 'json', value: JSON.parse(output.type === 'json' ? (output.text ?? '') : ''), text: expect.any(String) });
  });
});

test('the rows of users and properties ask for what their fixtures have', () => {
  const users = JSON.parse(readFileSync(path.join(filesFolder, 'auth.json'), 'utf8')) as ReadonlyArray<{ readonly isOwner: boolean }>;
  const of = (command: string) => rows.filter(({ argv }) => argv[1] === command);
  for (const { argv, output } of of('users')) {
    expect(output).toEqual({ type: 'json', value: argv.includes('--owner') ? users.find(({ isOwner }) => isOwner) : users, text: undefined });
  }
  const properties = readTree(path.join(filesFolder, 'properties.json'));
  for (const { argv, output } of of('props')) expect(output).toEqual({ type: 'text', text: `${String(plainLookUp(properties, argv[3] ?? ''))}\n` });
  expect([of('users').length, of('props').length]).toEqual([2, 6]);
});

test.each([
  ['{"row": 1', 'it is not JSON'],
  ['[]', 'it is not an object'],
  ['{"row": 1, "sources": "x"}', '"sources" is not known'],
  ['{"row": 1.5}', '"row" is not a whole number'],
  ['{"row": 1, "source": "x", "shape": ["a"], "argv": []}', '"argv" is not a list of words'],
  ['{"row": 1, "source": "x", "shape": ["a"], "argv": ["a"], "exit": 0}', 'it has neither "stdout" nor "json" nor "pattern"'],
  ['{"row": 1, "source": "x", "shape": ["a"], "argv": ["a"], "exit": 0, "stdout": "", "pattern": ""}', '"pattern" does not go with "stdout" or "json"'],
  ['{"row": 1, "source": "x", "shape": ["a"], "argv": ["a"], "exit": 0, "stdout": "", "stderr": "", "open": true}', '"open" is not a text'],
  ['{"caller": ["sung aloud"]}', '"caller" has an unknown way'],
  ['{"row": 1, "source": "x", "shape": ["a"], "argv": ["a"], "exit": 0, "stdout": "", "stderr": "", "effect": {"magic": 1}}', '"effect" is none of those that are known'],
])('a row that is %s is refused with its place', (line, what) => {
  const file = path.join(folder, 'wrong.jsonl');
  writeFileSync(file, `${line}\n`);
  expect(() => readRows(file)).toThrow(`wrong.jsonl:1: ${what}`);
});

test('every script in callers/ has its line, and every line its script: at least forty', () => {
  const callers = readCallers();
  expect(callers.map(({ file }) => file).sort()).toEqual(readdirSync(path.join(filesFolder, 'callers')).sort());
  expect(callers.length).toBeGreaterThanOrEqual(40);
});
