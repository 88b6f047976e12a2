import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errors } from '../protocol/errors.ts';
import { jetpackdHelp, parseNodeOptions, type NodeOptions } from './options.ts';
import { ownCertificates, type OwnCertificates } from './testing/own-certificates.ts';

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
    expect(parsed([...full, '--prefix', 'own'])).toEqual({ home, address: { cluster: 'lab', node: 'n1' }, instance: 'i-1', metadata: 'auto', identityFile: undefined, broker: { urls: [url] }, prefix: 'own', warnings: [] });
  });

  test('are taken from the environment where the command line does not say', () => {
    const env = { JETPACK_CLUSTER: 'lab', JETPACK_NODE: 'n2', JETPACK_AMQP_URL: url, JETPACK_INSTANCE: 'i-2', JETPACK_PREFIX: 'own', JETPACK_METADATA: 'azure' };
    expect(parsed(['--node', 'n1'], env)).toEqual({ home, address: { cluster: 'lab', node: 'n1' }, instance: 'i-2', metadata: [{ name: 'azure' }], identityFile: undefined, broker: { urls: [url] }, prefix: 'own', warnings: [] });
  });

  test('are taken from connection.json where neither says', () => {
    writeFileSync(file, JSON.stringify({ cluster: 'from file', url, unknown: 1 }));
    expect(parsed([])).toMatchObject({ address: { cluster: 'from file', node: os.hostname() }, broker: { urls: [url] }, prefix: 'jetpack' });
    writeFileSync(file, JSON.stringify({ cluster: 'from file', url: 'https://cyclecloud.lab', username: 'u', password: 'p' }));
    expect(parsed(['--amqp', url])).toMatchObject({ address: { cluster: 'from file' }, broker: { urls: [url] } });
    writeFileSync(file, JSON.stringify({ cluster: 'from file', url, unknown: 1 }));
    expect(parsed(['--cluster', 'lab'], { JETPACK_AMQP_URL: 'amqps://other' })).toMatchObject({ address: { cluster: 'lab' }, broker: { urls: ['amqps://other'] } });
  });

  test('leave the identity of the machine to be found where nobody gives one', () => {
    expect(parsed(['--cluster', 'lab', '--amqp', url])).toMatchObject({ instance: undefined, metadata: 'auto' });
  });

  test('are explained by --help, whatever else stands there', () => {
    expect(parse(['--help', '--cluster', ''.padStart(200, 'x')])).toEqual({ ok: true, value: 'help' });
    for (const option of ['--home', '--cluster', '--node', '--instance', '--metadata', '--amqp', '--prefix', '--ca', '--cert', '--key', 'jetpackd enroll']) expect(jetpackdHelp).toContain(option);
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
    [[...full, '--metadata', 'aws'], "jetpackd: --metadata: 'aws' is not one of azure, ec2, configdrive, openstack, gce, nocloud"],
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
    [['--cluster', 'lab'], 'jetpackd: the broker is not known: give --amqp URL, JETPACK_AMQP_URL or a broker in config/connection.json'],
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
    ['whose urls are none', '{"url": []}', / is wrong at url: .{5,}/],
    ['of whose urls one is no broker', '{"url": ["amqp://h", "http://node:s3cret@h"]}', / is wrong at url: the URL of the broker is unusable: .+$/],
    ['whose node is empty', '{"node": ""}', / is wrong at node: the node name is empty$/],
    ['whose certificate is no name of a file', '{"cert": ""}', / is wrong at cert: names no file$/],
    ['whose cluster is no text', '{"cluster": {"s3cret": 1}}', / is wrong at cluster: .{5,}/],
    ['whose cluster is empty', '{"cluster": ""}', / is wrong at cluster: the cluster name is empty$/],
    ['whose broker is none', '{"broker": "http://node:s3cret@h", "url": "http://h"}', / is wrong at broker: the URL of the broker is unusable: give amqp:.+$/],
    ['that names the broker twice', '{"broker": "amqp://h", "url": "amqp://node:s3cret@h"}', / is wrong at url: beside broker it is the address of a cycle-server, such as .+$/],
    ['of two servers', '{"broker": "amqp://h", "url": ["http://a", "http://b"]}', / is wrong at url: beside broker it is the address of a cycle-server, such as .+$/],
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
    expect(parsed(full)).toMatchObject({ broker: { urls: [url] } });
  });

  test('says which node this is, at which addresses its broker is, and under which prefix', () => {
    writeFileSync(file, JSON.stringify({ cluster: 'lab', node: 'n7', url: [url, 'amqps://other'], prefix: 'own' }), { mode: 0o600 });
    expect(parsed([])).toMatchObject({ address: { cluster: 'lab', node: 'n7' }, broker: { urls: [url, 'amqps://other'] }, prefix: 'own', warnings: [] });
    expect(parsed(['--node', 'n1', '--prefix', 'jetpack'])).toMatchObject({ address: { node: 'n1' }, prefix: 'jetpack' });
  });

  test('may name the broker beside what scripts look for, and then its url is the server', () => {
    const content = { cluster: 'lab', node: 'n7', broker: [url], url: 'http://server:8080', username: 'jetpack.lab.n7', password: 'for HTTP' };
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
    expect(parsed([])).toMatchObject({ broker: { urls: [url] }, server: 'http://server:8080', warnings: [] });
    expect(parsed(['--amqp', 'amqps://other'])).toMatchObject({ broker: { urls: ['amqps://other'] }, server: undefined });
    writeFileSync(file, JSON.stringify({ ...content, url: undefined, broker: url }), { mode: 0o600 });
    expect(parsed([])).toMatchObject({ broker: { urls: [url] }, server: undefined });
  });

  test('is where the identity is from when it names the node, unless all of it is given otherwise', () => {
    writeFileSync(file, JSON.stringify({ cluster: 'lab', node: 'n7', url }), { mode: 0o600 });
    expect([[], ['--node', 'n1'], ['--amqp', 'amqps://other']].map((argv) => parsed(argv).identityFile)).toEqual([file, file, file]);
    expect(parsed(['--node', 'n1', '--amqp', 'amqps://other']).identityFile).toBeUndefined();
    writeFileSync(file, JSON.stringify({ cluster: 'lab', url }), { mode: 0o600 });
    expect(parsed([]).identityFile).toBeUndefined();
  });

  test('that others may read is a warning which names it, and serves all the same', () => {
    writeFileSync(file, JSON.stringify({ cluster: 'lab', url }));
    chmodSync(file, 0o640);
    expect(parsed([])).toMatchObject({ broker: { urls: [url] }, warnings: [`${file} holds a secret and has the mode 0640: make it 0600`] });
  });
});

describe('several addresses of the broker', () => {
  test('are a list with commas, each as it stands, also with a comma in a password', () => {
    expect(parsed([...full, '--amqp', `${url},amqps://u:a,b@other`]).broker).toEqual({ urls: [url, 'amqps://u:a,b@other'] });
  });

  test('of which one is none are one line that repeats none of them', () => {
    expect(complaint([...full, '--amqp', `${url},amqp://`])[2]).toMatch(/^jetpackd: --amqp: the URL of the broker /);
  });
});

describe('certificates', () => {
  let certificates: OwnCertificates;
  beforeAll(() => {
    certificates = ownCertificates();
  });
  afterAll(() => rmSync(certificates.folder, { recursive: true }));

  test('are read from their files, and a key that others may read is a warning', () => {
    const { cert, certText, key, keyText } = certificates;
    chmodSync(key, 0o600);
    const options = [...full, '--ca', cert, '--cert', cert, '--key', key];
    expect(parsed(options)).toMatchObject({ broker: { tls: { ca: certText, cert: certText, key: keyText } }, warnings: [] });
    chmodSync(key, 0o644);
    expect(parsed(options).warnings).toEqual([`${key} holds a secret and has the mode 0644: make it 0600`]);
  });

  test('in connection.json are files beside it, and go with the broker that it names and no other', () => {
    const { certText, keyText } = certificates;
    for (const [name, text] of [['ca.pem', certText], ['own.pem', certText], ['own.key', keyText]] as const) writeFileSync(path.join(home, 'config', name), text, { mode: 0o600 });
    writeFileSync(file, JSON.stringify({ cluster: 'lab', url, ca: 'ca.pem', cert: 'own.pem', key: 'own.key' }), { mode: 0o600 });
    expect(parsed([]).broker).toEqual({ urls: [url], tls: { ca: certText, cert: certText, key: keyText } });
    expect(parsed(['--amqp', 'amqps://other']).broker).toEqual({ urls: ['amqps://other'] });
  });

  test('that cannot be used are one line that names the file, or the option that is missing', () => {
    const { cert, key, otherKey } = certificates;
    const lines: ReadonlyArray<readonly [readonly string[], readonly [string, number, string]]> = [
      [['--cert', cert], ['usage', 2, 'jetpackd: a certificate and its key go together: give both --cert and --key']],
      [['--key', key], ['usage', 2, 'jetpackd: a certificate and its key go together: give both --cert and --key']],
      [['--ca', `${cert}.none`], ['file_unreadable', 1, `${cert}.none cannot be read (ENOENT)`]],
      [['--ca', key], ['config_invalid', 1, `${key} is not a certificate in PEM`]],
      [['--cert', cert, '--key', cert], ['config_invalid', 1, `${cert} is not a private key in PEM without a passphrase`]],
      [['--cert', cert, '--key', otherKey], ['config_invalid', 1, `${otherKey} is not the key of the certificate in ${cert}`]],
    ];
    for (const [argv, line] of lines) expect(complaint([...full, ...argv])).toEqual(line);
  });
});
