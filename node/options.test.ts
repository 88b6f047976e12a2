import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errors } from '../protocol/errors.ts';
import { jetpackdHelp, parseNodeOptions, type NodeOptions } from './options.ts';

const url = 'amqp://node:s3cret@broker.lab:5672/%2Fjetpack';

let home: string;
let file: string;

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'node-options-'));
  file = path.join(home, 'config', 'connection.json');
  mkdirSync(path.dirname(file));
});
afterEach(() => rmSync(home, { recursive: true }));

const parse = (argv: readonly string[], env = {}) => parseNodeOptions(['--home', home, ...argv], env);

const parsed = (argv: readonly string[], env = {}): NodeOptions => {
  const options = parse(argv, env);
  if (!options.ok || options.value === 'help') throw new Error(JSON.stringify(options));
  return options.value;
};

const complaint = (argv: readonly string[], env = {}): readonly [code: string, exit: number, line: string] => {
  const options = parse(argv, env);
  if (options.ok) throw new Error('there is nothing to complain of');
  const { code, message } = options.error;
  expect(message).not.toMatch(/s3cret|\n/);
  return [code, errors[code].exit, message];
};

const full = ['--cluster', 'lab', '--node', 'n1', '--amqp', url, '--instance', 'i-1'];

describe('the options of jetpackd', () => {
  test('are taken from the command line', () => {
    expect(parsed([...full, '--prefix', 'own'])).toEqual({ home, address: { cluster: 'lab', node: 'n1' }, instanceId: 'i-1', brokerUrl: url, prefix: 'own' });
  });

  test('are taken from the environment where the command line does not say', () => {
    const env = { JETPACK_CLUSTER: 'lab', JETPACK_NODE: 'n2', JETPACK_AMQP_URL: url, JETPACK_INSTANCE: 'i-2', JETPACK_PREFIX: 'own' };
    expect(parsed(['--node', 'n1'], env)).toEqual({ home, address: { cluster: 'lab', node: 'n1' }, instanceId: 'i-2', brokerUrl: url, prefix: 'own' });
  });

  test('are taken from connection.json where neither says', () => {
    writeFileSync(file, JSON.stringify({ cluster: 'from file', url, unknown: 1 }));
    expect(parsed([])).toMatchObject({ address: { cluster: 'from file', node: os.hostname() }, brokerUrl: url, prefix: 'jetpack' });
    expect(parsed(['--cluster', 'lab'], { JETPACK_AMQP_URL: 'amqps://other' })).toMatchObject({ address: { cluster: 'lab' }, brokerUrl: 'amqps://other' });
  });

  test('of a machine that says nothing of itself are still an identity', () => {
    expect(parsed(['--cluster', 'lab', '--amqp', url]).instanceId).not.toBe('');
  });

  test('are explained by --help, whatever else stands there', () => {
    expect(parse(['--help', '--cluster', ''.padStart(200, 'x')])).toEqual({ ok: true, value: 'help' });
    for (const option of ['--home', '--cluster', '--node', '--instance', '--amqp', '--prefix']) expect(jetpackdHelp).toContain(option);
  });
});

describe('an option that is wrong', () => {
  const usage = (line: string) => ['usage', 2, line];

  test.each([
    [['--bogus'], "jetpackd: unknown option '--bogus'; see jetpackd --help"],
    [['--cluster'], "jetpackd: option '--cluster' needs a value: NAME; see jetpackd --help"],
    [['stray'], "jetpackd: unexpected argument 'stray'; see jetpackd --help"],
    [[...full, '--cluster', 'x'.repeat(101)], 'jetpackd: --cluster: the cluster name is too long'],
    [[...full, '--node', 'a\u0007'], 'jetpackd: --node: the node name holds a control character'],
    [[...full, '--instance', 'a\u0007'], 'jetpackd: --instance is not 1 to 255 characters without control characters'],
    [[...full, '--instance', 'x'.repeat(256)], 'jetpackd: --instance is not 1 to 255 characters without control characters'],
    [[...full, '--prefix', 'own prefix'], "jetpackd: --prefix 'own prefix' is not one to forty letters, digits, dots, '-' or '_'"],
  ])('%j is one line that says what would be right, and exit code 2', (argv, line) => {
    expect(complaint(argv)).toEqual(usage(line));
  });

  test.each(['broker.lab', 'http://node:s3cret@broker.lab', 'amqp://', 'amqp://node:s3cret@', 'amqp://node:s3cret@h:99999', 'amqp://node:s3cret%@h'])(
    'as the broker (%j) is one line that never repeats it',
    (broker) => {
      const [code, exit, line] = complaint(['--cluster', 'lab', '--amqp', broker]);
      expect([code, exit]).toEqual(['usage', 2]);
      expect(line).toMatch(/^jetpackd: --amqp: the URL of the broker .{20,}/);
    },
  );

  test.each([
    [['amqp://node:s3cret@broker.lab'], "jetpackd: unexpected argument 'amqp://***@broker.lab'; see jetpackd --help"],
    [['--amqp://node:s3cret@broker.lab'], "jetpackd: unknown option '--amqp://***@broker.lab'; see jetpackd --help"],
    [['--cluster', 'lab', '--amqp', url, '--prefix', url], "jetpackd: --prefix 'amqp://***@broker.lab:5672/%2Fjetpack' is not one to forty letters, digits, dots, '-' or '_'"],
  ])('because the broker stands in the wrong place (%j) does not repeat its password', (argv, line) => {
    expect(complaint(argv)).toEqual(usage(line));
  });

  test.each([
    [['--amqp', url], 'jetpackd: the cluster is not known: give --cluster NAME or config/connection.json'],
    [['--cluster', 'lab'], 'jetpackd: the broker is not known: give --amqp URL or config/connection.json'],
  ])('or missing (%j) is one line that says where it may stand', (argv, line) => {
    expect(complaint(argv)).toEqual(usage(line));
  });
});

describe('a connection.json', () => {
  test.each<readonly [string, string | Buffer, RegExp]>([
    ['that is not JSON', '{"cluster": "lab", "url": "amqp://node:s3cret@h"', / is not JSON$/],
    ['that is not text', Buffer.from([0x7b, 0xff, 0x7d]), / is not valid UTF-8$/],
    ['that nests too deep', '['.repeat(100_000), / nests deeper than 64 levels$/],
    ['that is a list', '["s3cret"]', / is wrong at .{5,}/],
    ['whose url is no text', '{"url": 5}', / is wrong at url: .{5,}/],
    ['whose cluster is no text', '{"cluster": {"s3cret": 1}}', / is wrong at cluster: .{5,}/],
    ['whose cluster is empty', '{"cluster": ""}', / is wrong at cluster: the cluster name is empty$/],
    ['whose url is no broker', '{"url": "http://node:s3cret@h"}', / is wrong at url: the URL of the broker is unusable: give amqp:.+$/],
  ])('%s is one line that names the file and what is wrong in it, and exit code 1', (_what, content, reason) => {
    writeFileSync(file, content);
    const [code, exit, line] = complaint(full);
    expect([code, exit]).toEqual(['config_invalid', 1]);
    expect(line.startsWith(file)).toBe(true);
    expect(line.slice(file.length)).toMatch(reason);
    expect(line.length).toBeLessThan(file.length + 200);
  });

  test('that cannot be read is one line that names it', () => {
    mkdirSync(file);
    expect(complaint(full)).toEqual(['config_invalid', 1, `${file} cannot be read (EISDIR)`]);
  });

  test('that is not there is no complaint', () => {
    expect(parsed(full)).toMatchObject({ brokerUrl: url });
  });
});
