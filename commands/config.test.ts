import { describe, expect, test } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import * as fc from 'fast-check';
import { answerConfig, config as command, type ConfigInvocation } from './config.ts';
import { parseExactTree, type ExactTree } from './exact-json.ts';

const treeOf = (text: string): ExactTree => {
  const parsed = parseExactTree(Buffer.from(text));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

const tree = treeOf(`{
  "cyclecloud": {"node": {"name": "n1", "id": null}, "cluster": {"autoscale": {"start_enabled": true, "stop_interval": 60}}},
  "roles": ["scheduler", "it's"],
  "luns": [0, 1, 2],
  "disks": [{"size": 1.0}, {"size": 12345678901234567890}],
  "text": "true",
  "off": false,
  "empty": "",
  "umlaut": "grün",
  "a.b": {"c": "dotted", "d": 1},
  "a": {"b": {"c": "path", "e": 2}, "b.f": 3},
  "": {"": "nothing"},
  "__proto__": {"mine": 1}
}`);

const parse = (...argv: string[]): ConfigInvocation | string => {
  let invoked: ConfigInvocation | undefined;
  const program = new Command('jetpack').exitOverride().configureOutput({ writeErr: () => undefined });
  command.add(program, ({ invocation }) => (invoked = invocation as ConfigInvocation), () => undefined);
  for (const command of program.commands) command.exitOverride();
  try {
    program.parse(['config', ...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
  return invoked!;
};

/** Standard output, or the code and line of the failure. */
const config = (...argv: string[]): string => {
  const invocation = parse(...argv);
  if (typeof invocation === 'string') throw new Error(invocation);
  const answer = answerConfig(tree, invocation);
  return 'code' in answer ? `${answer.code}: ${answer.message}` : answer.out;
};

describe('a key', () => {
  test.each([
    ['cyclecloud.node.name', 'n1'],
    ['cyclecloud.cluster.autoscale.start_enabled', 'True'],
    ['off', 'False'],
    ['text', 'true'],
    ['cyclecloud.cluster.autoscale.stop_interval', '60'],
    ['cyclecloud.node.id', 'None'],
    ['luns', '[0, 1, 2]'],
    ['luns.2', '2'],
    ['roles', `['scheduler', "it's"]`],
    ['disks.0.size', '1.0'],
    ['disks.1.size', '12345678901234567890'],
    ['empty', ''],
    ['umlaut', 'grün'],
    ['cyclecloud.node', "{'name': 'n1', 'id': None}"],
  ])('%s prints %s and a newline', (key, text) => {
    expect(config(key)).toBe(`${text}\n`);
  });

  test('whose name has dots itself wins over the path, and what only the path leads to is found all the same', () => {
    expect(config('a.b.c')).toBe('dotted\n');
    expect(config('a.b.d')).toBe('1\n');
    expect(config('a.b.e')).toBe('2\n');
    expect(config('a.b.f')).toBe('3\n');
  });

  test('may be empty or have empty parts', () => {
    expect(config('.')).toBe('nothing\n');
    expect(config('')).toBe("{'': 'nothing'}\n");
  });

  test('named __proto__ is what the tree has under it', () => {
    expect(config('__proto__.mine')).toBe('1\n');
    expect(config('cyclecloud.__proto__', 'none')).toBe('none\n');
  });

  test.each(['nope', 'cyclecloud.nope', 'text.length', 'luns.3', 'luns.01', 'luns.-1', 'luns.length', 'luns.', '.cyclecloud', 'cyclecloud.', 'cyclecloud..node', 'constructor', 'toString', 'cyclecloud.hasOwnProperty', 'a b', 'ключ', '\u0000', '1'])(
    'that is missing is one line on standard error, and nothing on standard output: %j',
    (key) => {
      expect(config(key)).toBe(`key_missing: the configuration has no key '${key}'`);
    },
  );

  test('of ten thousand characters is missing like any other', () => {
    expect(config('x'.repeat(10_000))).toBe(`key_missing: the configuration has no key '${'x'.repeat(200)}…'`);
    expect(config('a.'.repeat(5_000), 'default')).toBe('default\n');
  });

  test('is found wherever it is, and never where it is not', () => {
    const name = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', '.', '_') });
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof({ maxDepth: 4 }, fc.constant('leaf'), fc.dictionary(name, tie('node'), { maxKeys: 4 }), fc.array(tie('node'), { maxLength: 3 })),
    }));
    const paths = (value: unknown): string[] =>
      typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, member]) => [key, ...paths(member).map((path) => `${key}.${path}`)]) : [];
    fc.assert(
      fc.property(fc.dictionary(name, node, { maxKeys: 4 }), fc.array(name, { minLength: 1 }), (object, parts) => {
        const all = new Set(paths(object));
        const keys = [...all, parts.join('.')];
        for (const key of keys) {
          const answer = answerConfig(treeOf(JSON.stringify(object)), { command: 'config', key, json: false });
          expect('out' in answer).toBe(all.has(key));
        }
      }),
    );
  });
});

describe('a default', () => {
  test.each(['null', '0', '_none_', 'None', 'True', '', '-', '[1, 2]', '{"a": 1}', 'two words', '-1'])('is printed as it is when the key is missing: %j', (text) => {
    expect(config('nope', text)).toBe(`${text}\n`);
  });

  test('is not printed when the key is there, even with null or nothing in it', () => {
    expect(config('cyclecloud.node.id', 'x')).toBe('None\n');
    expect(config('empty', 'x')).toBe('\n');
  });
});

describe('--json', () => {
  const pretty = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;

  test('without a key prints the whole tree, numbers as they are written', () => {
    const out = config('--json');
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(tree)));
    expect(out).toMatch(/^ {16}"stop_interval": 60$/m);
    expect(out).toMatch(/"size": 1\.0\n/);
    expect(out).toMatch(/"size": 12345678901234567890\n/);
  });

  test('prints an object bare', () => {
    expect(config('cyclecloud.node', '--json')).toBe(pretty({ name: 'n1', id: null }));
  });

  test.each([
    ['luns', [0, 1, 2]],
    ['cyclecloud.node.name', 'n1'],
    ['cyclecloud.node.id', null],
    ['off', false],
    ['luns.1', 1],
  ])('wraps a scalar or list as one member under the whole key: %s', (key, value) => {
    expect(config('--json', key)).toBe(pretty({ [key]: value }));
  });

  test('wraps a default the same way, as the text it is', () => {
    expect(config('ef.limit', 'notfound', '--json')).toBe(pretty({ 'ef.limit': 'notfound' }));
    expect(config('nope', '0', '--json')).toBe(pretty({ nope: '0' }));
    expect(config('--json', 'cyclecloud.__proto__', 'd')).toBe('{\n    "cyclecloud.__proto__": "d"\n}\n');
    expect(config('--json', '__proto__.x', 'd')).toBe('{\n    "__proto__.x": "d"\n}\n');
  });

  test('of a missing key is the same failure', () => {
    expect(config('nope', '--json')).toBe("key_missing: the configuration has no key 'nope'");
  });
});

test('without key and --json the whole tree is printed on one line', () => {
  expect(config()).toMatch(/^\{'cyclecloud': \{'node': .*\}\n$/);
});

describe('the command line', () => {
  const invocation = (more: Omit<ConfigInvocation, 'command' | 'json'>, json = false) => ({ command: 'config', ...more, json });

  test.each([
    [[], invocation({})],
    [['k'], invocation({ key: 'k' })],
    [['k', ''], invocation({ key: 'k', fallback: '' })],
    [['--json', 'k', 'd'], invocation({ key: 'k', fallback: 'd' }, true)],
    [['k', '--json', 'd'], invocation({ key: 'k', fallback: 'd' }, true)],
    [['k', 'd', '--json'], invocation({ key: 'k', fallback: 'd' }, true)],
    [['k', '-1'], invocation({ key: 'k', fallback: '-1' })],
    [['-1'], invocation({ key: '-1' })],
    [['k', '--', '--'], invocation({ key: 'k', fallback: '--' })],
    [['--', '--json', '-x'], invocation({ key: '--json', fallback: '-x' })],
  ])('%j', (argv, expected) => expect(parse(...argv)).toEqual(expected));

  test.each([
    [['k', '-x'], "error: unknown option '-x'"],
    [['k', 'd', 'more'], "error: too many arguments for 'config'. Expected 2 arguments but got 3: k, d, more."],
  ])('%j is refused', (argv, message) => expect(parse(...argv)).toBe(message));
});
