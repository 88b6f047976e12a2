import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { settle } from '../../actors/testing/world.ts';
import type { Credentials, EnrolRequest } from '../../protocol/enrolment.ts';
import { httpPasswordOf, isProof, keyOf, mintToken, seal, tokenText } from '../../protocol/enrolment-seal.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { parseNodeOptions } from '../options.ts';
import { enrolledAs, forgetNonce, keepNonce, writeConnection } from './files.ts';
import { enrollHelp, parseEnrollOptions } from './options.ts';
import { redeem } from './redeem.ts';

const random = seededRandom(1);
const token = mintToken(random);
const key = keyOf(token);
const told: Credentials = { cluster: 'lab', node: 'n1', prefix: 'own', user: 'own.lab.n1', password: 'p@ss/word', urls: ['amqps://broker.lab/%2Fj', 'amqp://two'], ca: 'PEM' };

const server = new URL('http://server:8080/');

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'enroll-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const config = (...names: string[]): string => path.join(home, 'config', ...names);
const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe('redeeming a token', () => {
  const nonce = Buffer.from(random.bytes(32)).toString('base64url');
  const begin = (answers: ReadonlyArray<(request: EnrolRequest) => Result<unknown>>) => {
    const clock = new ManualClock();
    const asked: EnrolRequest[] = [];
    const done = redeem(token, nonce, {
      clock,
      ask: async (request) => {
        asked.push(request);
        return (answers[asked.length - 1] ?? answers.at(-1)!)(request);
      },
    });
    return { asked, clock, done };
  };
  const sealed = ({ id, nonce: of }: EnrolRequest, text = JSON.stringify(told)) => ok({ sealed: seal(key, { id, nonce: of }, text, random) });

  test('proves its secret without sending it, and opens the answer', async () => {
    const { asked, done } = begin([(request) => sealed(request)]);
    expect(await done).toEqual(ok(told));
    expect(asked.map((request) => isProof(key, request))).toEqual([true]);
    expect(JSON.stringify(asked)).not.toContain(token.secret);
  });

  test('asks the same again while the server is away, for half a minute', async () => {
    const away = begin([() => fail('server_unreachable', 'away'), () => fail('busy', 'busy'), (request) => sealed(request)]);
    for (let seconds = 0; seconds < 3; seconds += 1) await settle(5).then(() => away.clock.advance(1_000));
    expect(await away.done).toEqual(ok(told));
    expect(new Set(away.asked.map((request) => JSON.stringify(request))).size).toBe(1);
    const gone = begin([() => fail('server_unreachable', 'away')]);
    for (let seconds = 0; seconds < 31; seconds += 1) await settle(3).then(() => gone.clock.advance(1_000));
    expect(await gone.done).toEqual(fail('server_unreachable', 'away'));
    expect(gone.asked).toHaveLength(31);
  });

  test.each(['token_used', 'token_expired', 'token_unknown', 'enrolment_off'] as const)('ends at once with %s', async (code) => {
    const { asked, done } = begin([() => fail(code, 'no')]);
    expect([await done, asked.length]).toEqual([fail(code, 'no'), 1]);
  });

  test.each<readonly [string, (request: EnrolRequest) => Result<unknown>]>([
    ['is no answer', () => ok({})],
    ['was sealed by somebody else', ({ id }) => ok({ sealed: seal(keyOf(mintToken(random)), { id, nonce }, JSON.stringify(told), random) })],
    ['was sealed for another question', (request) => sealed({ ...request, nonce: 'A'.repeat(43) })],
    ['holds no credentials', (request) => sealed(request, '{}')],
    ['holds no JSON', (request) => sealed(request, 'x')],
  ])('refuses what %s', async (_what, answer) => {
    expect(await begin([answer]).done).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
  });
});

describe('a nonce', () => {
  test('is kept, in a file for its owner alone, until the token is redeemed: whoever asks again asks the same', () => {
    const first = keepNonce(home, token.id, random);
    expect([first, modeOf(config('enrolling'))]).toEqual([ok(expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)), 0o600]);
    expect(keepNonce(home, token.id, random)).toEqual(first);
    expect(keepNonce(home, mintToken(random).id, random)).not.toEqual(first);
    writeConnection(home, 'token', told, server, 0);
    expect(existsSync(config('enrolling'))).toBe(false);
  });

  test('is kept for each token: another one that is tried in between takes none away', () => {
    const [first, other] = [keepNonce(home, token.id, random), keepNonce(home, 'another', random)];
    expect([keepNonce(home, token.id, random), keepNonce(home, 'another', random)]).toEqual([first, other]);
    forgetNonce(home, 'another');
    expect(keepNonce(home, token.id, random)).toEqual(first);
    expect(keepNonce(home, 'another', random)).not.toEqual(other);
    expect(modeOf(config('enrolling'))).toBe(0o600);
  });

  test('is kept of the last sixteen tokens', () => {
    const first = keepNonce(home, token.id, random);
    for (let index = 0; index < 15; index += 1) keepNonce(home, `token-${index}`, random);
    expect(keepNonce(home, token.id, random)).toEqual(first);
    keepNonce(home, 'one-more', random);
    expect(readFileSync(config('enrolling'), 'utf8').trim().split('\n')).toHaveLength(16);
    expect(keepNonce(home, token.id, random)).not.toEqual(first);
  });

  test('that was damaged is made anew', () => {
    mkdirSync(config());
    writeFileSync(config('enrolling'), `${token.id} nonsense`);
    expect(keepNonce(home, token.id, random)).toMatchObject({ ok: true });
  });

  test('that cannot be kept is a failure that names the folder', () => {
    writeFileSync(config(), 'in the way');
    expect(keepNonce(home, token.id, random)).toMatchObject({ ok: false, error: { code: 'home_unusable', message: expect.stringContaining(config()) } });
  });
});

describe('a node that was enrolled', () => {
  test('knows the token by which it was, and which node it is', () => {
    expect(enrolledAs(home, token.id)).toBeUndefined();
    writeConnection(home, token.id, told, server, 0);
    expect([enrolledAs(home, token.id), enrolledAs(home, mintToken(random).id)]).toEqual(['lab/n1', undefined]);
    expect(modeOf(config('enrolled'))).toBe(0o600);
  });

  test('whatever it is called', () => {
    writeConnection(home, token.id, { ...told, cluster: 'my lab', node: 'n 1' }, server, 0);
    expect(enrolledAs(home, token.id)).toBe('my lab/n 1');
  });

  test('asks anew when its connection.json is gone, or another node\'s', () => {
    writeConnection(home, token.id, told, server, 0);
    writeFileSync(config('connection.json'), JSON.stringify({ cluster: 'lab', node: 'n2' }), { mode: 0o600 });
    expect(enrolledAs(home, token.id)).toBeUndefined();
    rmSync(config('connection.json'));
    expect(enrolledAs(home, token.id)).toBeUndefined();
  });
});

describe('connection.json', () => {
  test('is for its owner alone, and holds all that jetpackd needs', () => {
    expect(writeConnection(home, 'token', { ...told, ca: undefined }, server, 0)).toEqual(ok({ aside: undefined, keepsIni: true }));
    expect([modeOf(config('connection.json')), readdirSync(config()).sort()]).toEqual([0o600, ['connection.json', 'enrolled', 'jetpack.ini']]);
    const options = parseNodeOptions(['--home', home, '--instance', 'i'], {});
    expect(options).toMatchObject({
      value: { address: { cluster: 'lab', node: 'n1' }, prefix: 'own', warnings: [], broker: { urls: ['amqps://own.lab.n1:p%40ss%2Fword@broker.lab/%2Fj', 'amqp://own.lab.n1:p%40ss%2Fword@two'] } },
    });
  });

  test('says what scripts look for, and jetpack.ini the same, both for their owner alone', () => {
    writeConnection(home, 'token', told, new URL('https://cc:9443/cyclecloud/'), 0);
    const [url, username, password] = ['https://cc:9443/cyclecloud', 'own.lab.n1', httpPasswordOf('p@ss/word')];
    expect(JSON.parse(readFileSync(config('connection.json'), 'utf8'))).toMatchObject({ cluster: 'lab', url, username, password });
    const ini = readFileSync(config('jetpack.ini'), 'utf8').split('\n').filter((line) => line.includes('='));
    expect(ini).toEqual([`webserver = ${url}`, `api_username = ${username}`, `api_password = ${password}`, 'cluster_name = lab']);
    expect(['connection.json', 'jetpack.ini'].map((name) => modeOf(config(name)))).toEqual([0o600, 0o600]);
  });

  test('replaces one from before there was more than the broker in it', () => {
    mkdirSync(config());
    writeFileSync(config('connection.json'), JSON.stringify({ cluster: 'lab', node: 'n1', prefix: 'own', url: ['amqp://own.lab.n1:x@two'], ca: 'broker-ca.pem' }), { mode: 0o600 });
    expect(writeConnection(home, 'token', told, server, 0)).toEqual(ok({ aside: undefined, keepsIni: true }));
  });

  test('leaves a jetpack.ini of somebody else where it is, and says so', () => {
    mkdirSync(config());
    writeFileSync(config('jetpack.ini'), '[cycle_server]\n');
    expect(writeConnection(home, 'token', told, server, 0)).toEqual(ok({ aside: undefined, keepsIni: false }));
    expect(readFileSync(config('jetpack.ini'), 'utf8')).toBe('[cycle_server]\n');
  });

  test('names the authority of the broker, in a file beside it', () => {
    writeConnection(home, 'token', told, server, 0);
    expect([readFileSync(config('broker-ca.pem'), 'utf8'), JSON.parse(readFileSync(config('connection.json'), 'utf8'))]).toMatchObject(['PEM', { ca: 'broker-ca.pem' }]);
  });

  test('of the same node is replaced, of another or in disorder moved aside', () => {
    writeConnection(home, 'token', told, server, 0);
    expect(writeConnection(home, 'token', { ...told, password: 'new' }, server, 0)).toEqual(ok({ aside: undefined, keepsIni: true }));
    const moved = writeConnection(home, 'token', { ...told, node: 'n2' }, server, 0);
    expect(moved).toEqual(ok({ aside: expect.stringContaining('connection.json.aside-1970-01-01'), keepsIni: true }));
    expect(moved.ok && JSON.parse(readFileSync(moved.value.aside!, 'utf8'))).toMatchObject({ node: 'n1' });
    writeFileSync(config('connection.json'), 'not JSON');
    chmodSync(config('connection.json'), 0o600);
    expect(writeConnection(home, 'token', told, server, 0)).toEqual(ok({ aside: expect.any(String), keepsIni: true }));
  });

  test.each([
    ['names neither node nor broker', { prefix: 'own', cert: 'mine.pem', key: 'mine.key' }],
    ['is empty', {}],
    ['is of the same node, with a certificate of its own', { cluster: 'lab', node: 'n1', url: 'amqps://own.lab.n1@broker.lab', cert: 'mine.pem', key: 'mine.key' }],
    ['is of the same node, with what only its writer understands', { cluster: 'lab', node: 'n1', note: 'do not lose me' }],
  ])('that %s is moved aside, for what it holds is not written again', (_what, content) => {
    mkdirSync(config());
    writeFileSync(config('connection.json'), JSON.stringify(content), { mode: 0o600 });
    const moved = writeConnection(home, 'token', told, server, 0);
    expect(moved).toEqual(ok({ aside: expect.stringContaining('connection.json.aside-'), keepsIni: true }));
    expect(moved.ok && JSON.parse(readFileSync(moved.value.aside!, 'utf8'))).toEqual(content);
    expect(modeOf(config('connection.json'))).toBe(0o600);
  });

  test('is not written with a broker that cannot be used', () => {
    expect(writeConnection(home, 'token', { ...told, urls: ['http://elsewhere'] }, server, 0)).toMatchObject({ ok: false, error: { code: 'config_invalid' } });
    expect(existsSync(config('connection.json'))).toBe(false);
  });
});

describe('the options', () => {
  const parse = (argv: readonly string[], env = {}, input = '') => parseEnrollOptions(['--home', home, ...argv], { env, input: () => ok(input) });
  const named = ['--server', 'http://server:8080'];

  test('take the token from a file, else the environment, else standard input, and never from the arguments', () => {
    const file = path.join(home, 'token');
    writeFileSync(file, `${tokenText(token)}\n`, { mode: 0o644 });
    expect(parse([...named, '--token-file', file])).toMatchObject({ value: { home, token, warnings: [expect.stringContaining('make it 0600')] } });
    expect(parse(named, { JETPACK_ENROLL_TOKEN: tokenText(token) })).toMatchObject({ value: { token, warnings: [] } });
    expect(parse(named, {}, `${tokenText(token)}\n`)).toMatchObject({ value: { token } });
    const [usage] = [parse([...named, tokenText(token)])];
    expect(usage).toMatchObject({ ok: false, error: { code: 'usage' } });
  });

  test('that are wrong are one line that repeats no token', () => {
    const broken = [parse([]), parse(['--server', 'ftp://x']), parse(['--server', 'http://u:p@x']), parse([...named, '--token-file', path.join(home, 'none')]), parse(named, {}, 'half.a-token')];
    expect(broken.map((one) => (one.ok ? 'ok' : one.error.code))).toEqual(['usage', 'usage', 'usage', 'file_unreadable', 'token_unknown']);
    expect(JSON.stringify(broken)).not.toMatch(/half|u:p|\\n/);
  });

  test('are explained by --help', () => {
    expect(parse(['--help'])).toEqual(ok('help'));
    for (const option of ['--server', '--token-file', 'JETPACK_ENROLL_TOKEN']) expect(enrollHelp).toContain(option);
  });
});
