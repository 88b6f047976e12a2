import { describe, expect, test } from '@jest/globals';
import os from 'node:os';
import path from 'node:path';
import { errors } from '../protocol/errors.ts';
import { cycleServerHelp, parseServerOptions, type ServerOptions } from './options.ts';

const url = 'amqps://server:s3cret@broker.lab/%2Fjetpack';

const parsed = (argv: readonly string[], env = {}): ServerOptions => {
  const options = parseServerOptions(argv, env);
  if (!options.ok || options.value === 'help') throw new Error(JSON.stringify(options));
  return options.value;
};

const complaint = (argv: readonly string[], env = {}): readonly [code: string, exit: number, line: string] => {
  const options = parseServerOptions(argv, env);
  if (options.ok) throw new Error('there is nothing to complain of');
  const { code, message } = options.error;
  expect(message).not.toMatch(/s3cret|\n/);
  return [code, errors[code].exit, message];
};

describe('the options of cycle-server', () => {
  test('have usual values, but for the broker', () => {
    expect(parsed(['--amqp', url])).toEqual({
      home: '/opt/cycle_server',
      name: os.hostname(),
      broker: { urls: [url] },
      prefix: 'jetpack',
      listen: { host: '127.0.0.1', port: 8080 },
      management: undefined,
      identities: 'off',
      brokerForNodes: ['amqps://broker.lab/%2Fjetpack'],
      warnings: [],
    });
  });

  test('are taken from the environment where the command line does not say', () => {
    const env = { CYCLE_SERVER_HOME: '/env', JETPACK_AMQP_URL: url, JETPACK_PREFIX: 'own', CYCLE_SERVER_LISTEN: '0.0.0.0:80' };
    expect(parsed(['--home', 'here'], env)).toMatchObject({ home: path.resolve('here'), broker: { urls: [url] }, prefix: 'own', listen: { host: '0.0.0.0', port: 80 } });
  });

  test.each([
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['api.lab:65535', { host: 'api.lab', port: 65_535 }],
  ])('take %s as an address to listen on', (listen, expected) => {
    expect(parsed(['--amqp', url, '--listen', listen]).listen).toEqual(expected);
  });

  test('are explained by --help, whatever else stands there', () => {
    expect(parseServerOptions(['--listen', 'x', '--help'], {})).toEqual({ ok: true, value: 'help' });
    for (const option of ['--home', '--amqp', '--prefix', '--listen', '--management', '--identities', '--amqp-for-nodes', '--ca', 'cycle-server enroll']) expect(cycleServerHelp).toContain(option);
  });
});

describe('an option that is wrong', () => {
  test.each([
    [['--bogus'], "cycle-server: unknown option '--bogus'; see cycle-server --help"],
    [['--listen='], "cycle-server: option '--listen' needs a value: HOST:PORT; see cycle-server --help"],
    [[url], "cycle-server: unexpected argument 'amqps://***@broker.lab/%2Fjetpack'; see cycle-server --help"],
    [['--amqp', url, '--prefix', ''.padStart(41, 'x')], `cycle-server: --prefix '${'x'.repeat(41)}' is not one to forty letters, digits, dots, '-' or '_'`],
    [[], 'cycle-server: the broker is not known: give --amqp URL or JETPACK_AMQP_URL'],
  ])('%j is one line that says what would be right, and exit code 2', (argv, line) => {
    expect(complaint(argv)).toEqual(['usage', 2, line]);
  });

  test.each(['8080', ':8080', 'h:', 'h:x', 'h:65536', 'h:123456', '::1:80', '[h]:80', 'a b:80', 'http://h:80'])('as an address (%j) is one line', (listen) => {
    expect(complaint(['--amqp', url, '--listen', listen])).toEqual(['usage', 2, `cycle-server: --listen '${listen}' is not HOST:PORT, such as 127.0.0.1:8080`]);
  });

  test('as an address does not repeat a password', () => {
    expect(complaint(['--amqp', url, '--listen', url])).toEqual([
      'usage',
      2,
      "cycle-server: --listen 'amqps://***@broker.lab/%2Fjetpack' is not HOST:PORT, such as 127.0.0.1:8080",
    ]);
  });

  test.each(['broker.lab', 'http://server:s3cret@broker.lab', 'amqp://server:s3cret@'])('as the broker (%j) is one line that never repeats it', (broker) => {
    const [code, exit, line] = complaint(['--amqp', broker]);
    expect([code, exit]).toEqual(['usage', 2]);
    expect(line).toMatch(/^cycle-server: --amqp: the URL of the broker .{20,}/);
  });
});

describe('identities', () => {
  const management = 'https://root:s3cret%2F@broker.lab:15671';

  test('are required when there is a management API, unless it is said otherwise', () => {
    const address = { base: 'https://broker.lab:15671/', user: 'root', password: 's3cret/' };
    expect(parsed(['--amqp', url], { CYCLE_SERVER_MANAGEMENT_URL: management })).toMatchObject({ management: address, identities: 'required' });
    expect(parsed(['--amqp', url, '--management', management, '--identities', 'off'])).toMatchObject({ management: address, identities: 'off' });
    expect(parsed(['--amqp', url, '--identities', 'required'])).toMatchObject({ management: undefined, identities: 'required' });
  });

  test('are told a broker of their own where it is not as the server reaches it, never with the name and password of the server', () => {
    expect(parsed(['--amqp', `${url},amqps://server:s3cret@two`]).brokerForNodes).toEqual(['amqps://broker.lab/%2Fjetpack', 'amqps://two']);
    expect(parsed(['--amqp', url, '--amqp-for-nodes', 'amqps://out:s3cret@outside/v']).brokerForNodes).toEqual(['amqps://outside/v']);
  });

  describe('with a management API', () => {
    const warningsOf = (api: string, ...argv: readonly string[]): readonly string[] => {
      const { warnings } = parsed(['--amqp', url, '--management', api, ...argv]);
      expect(warnings.join()).not.toMatch(/s3cret|\n/);
      return warnings;
    };

    test('in clear on another machine, somebody is told that the password of the administrator is as well', () => {
      for (const host of ['broker.lab', '192.0.2.1', '[2001:db8::1]', '127.evil.example']) {
        expect(warningsOf(`http://root:s3cret@${host}:15672`)).toEqual([expect.stringMatching(/^--management .*password.*in clear.*https:/)]);
      }
      for (const api of [management, 'http://root:s3cret@127.0.0.1:15672', 'http://root:s3cret@localhost:15672', 'http://root:s3cret@[::1]:15672']) expect(warningsOf(api)).toEqual([]);
    });

    test('nodes that would be told of a broker on their own machine are a warning that names the option', () => {
      const here = 'amqp://server:s3cret@127.0.0.1:5672';
      const own = (...argv: readonly string[]) => warningsOf(management, '--amqp', here, ...argv);
      for (const listen of ['0.0.0.0:8080', '[::]:8080', 'api.lab:80']) expect(own('--listen', listen)).toEqual([expect.stringContaining('--amqp-for-nodes')]);
      expect(warningsOf(management, '--amqp', `${here},${url}`, '--listen', '0.0.0.0:8080')).toEqual([expect.stringContaining('--amqp-for-nodes')]);
      expect(own('--listen', '0.0.0.0:8080', '--amqp-for-nodes', 'amqps://broker.lab')).toEqual([]);
      expect(own('--listen', '127.0.0.1:9')).toEqual([]);
      expect(own()).toEqual([]);
      expect(warningsOf(management, '--listen', '0.0.0.0:8080')).toEqual([]);
      expect(parsed(['--amqp', here, '--listen', '0.0.0.0:8080']).warnings).toEqual([]);
    });
  });

  test.each([
    [['--identities', 'maybe'], "cycle-server: --identities 'maybe' is neither required nor off"],
    [['--amqp-for-nodes', 'http://server:s3cret@h'], 'cycle-server: --amqp-for-nodes: the URL of the broker is unusable: give amqp://user:password@host:port/vhost or amqps://...'],
    ...['broker.lab', 'http://broker.lab', 'http://root@broker.lab', 'ftp://root:s3cret@broker.lab', 'http://root:s3cret%@broker.lab'].map(
      (broken): [string[], string] => [['--management', broken], 'cycle-server: --management is unusable: give http://user:password@host:15672 or https://...'],
    ),
  ])('with %j are one line that says what would be right', (argv, line) => {
    expect(complaint(['--amqp', url, ...argv])).toEqual(['usage', 2, line]);
  });
});
