// The programs as a person or a script starts them: the real launchers, as child processes.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { version as ours } from '../node/version.ts';
import { startCollector, type Collector } from '../telemetry/testing/collector.ts';
import { compileFront } from './front/compile.ts';
import { isThereFront } from './front/testing/compiler.ts';
import { TestHome } from './testing/daemon.ts';

const bin = fileURLToPath(new URL('../bin', import.meta.url));
const launcher = path.join(bin, 'jetpack-node');

let node: TestHome;
/** Node's compile cache, and the front. */
let cache: string;

/** Both forms of the command line: Node alone, and the front before it. Without a compiler there is only the first. */
const forms = (await isThereFront()) ? (['Node', 'front'] as const) : (['Node'] as const);

const programOf = (form: (typeof forms)[number]): string => (form === 'Node' ? launcher : path.join(cache, 'jetpack'));

beforeAll(async () => {
  cache = mkdtempSync(path.join(tmpdir(), 'compiled-'));
  if (forms.length === 1) return;
  const compiled = await compileFront(path.join(cache, 'jetpack'));
  if (compiled.type !== 'compiled') throw new Error(JSON.stringify(compiled));
  symlinkSync(launcher, path.join(cache, 'jetpack-node'));
});

afterAll(() => rmSync(cache, { recursive: true }));

beforeEach(() => {
  node = new TestHome();
});

afterEach(() => node.remove());

interface Seen {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

const start = (program: string, args: readonly string[], options: SpawnOptions = {}) =>
  spawn(program, args, {
    ...options,
    env: { PATH: process.env['PATH'], JETPACK_HOME: node.paths.home, NODE_COMPILE_CACHE: cache, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });

const run = async (program: string, args: readonly string[], options: SpawnOptions & { input?: string } = {}): Promise<Seen> => {
  const child = start(program, args, options);
  child.stdin.end(options.input);
  const [out, err, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
  return { exit, out, err };
};

const silence = { exit: 0, out: '', err: '' };

describe.each(forms)('jetpack, by %s,', (form) => {
  const jetpack = (args: readonly string[], options?: SpawnOptions & { input?: string }): Promise<Seen> => run(programOf(form), args, options);

  test('a daemon that accepts: silence and exit code 0', async () => {
    const requests = await node.daemon();
    expect(await jetpack(['log', 'system is ready'])).toEqual(silence);
    expect(await jetpack(['send', '--file', '-', '--routing-key', 'a.b'], { input: '{"a":1}' })).toEqual(silence);
    expect(requests).toMatchObject([
      { verb: 'log', message: 'system is ready' },
      { verb: 'send', routingKey: 'a.b', contentType: 'application/json', bodyBase64: Buffer.from('{"a":1}').toString('base64') },
    ]);
  });

  test('a daemon that refuses: its line and exit code 1', async () => {
    await node.refusingDaemon('outbox_full', 'the outbox is full');
    expect(await jetpack(['log', 'text'])).toEqual({ exit: 1, out: '', err: 'jetpack log: the outbox is full (outbox_full)\n' });
  });

  test('a daemon that is silent: spooled after its patience, exit code 0', async () => {
    for (const socket of ['cluster', 'front'] as const) await node.impostor((client) => client.resume(), socket);
    expect(await jetpack(['log', 'text'])).toEqual({ exit: 0, out: '', err: `jetpack log: jetpackd does not answer: the message waits in ${node.paths.spool}\n` });
    expect(node.spooled()).toMatchObject([{ verb: 'log', message: 'text' }]);
  });

  test('a daemon that cannot take it now: spooled under the id that it heard', async () => {
    const requests = await node.daemon(({ id }) => ({ ok: false, id, code: 'busy', message: 'too much to do' }));
    const reason = 'jetpackd answers: too much to do (busy)';
    expect(await jetpack(['send', '-r', 'a.b', '-f', '-'], { input: 'text' })).toEqual({ exit: 0, out: '', err: `jetpack send: ${reason}: the message waits in ${node.paths.spool}\n` });
    const [spooled] = node.spooled();
    expect(spooled).toMatchObject({ verb: 'send', bodyBase64: Buffer.from('text').toString('base64') });
    expect(requests.map(({ id }) => id)).toEqual(Array.from({ length: form === 'Node' ? 1 : 2 }, () => (spooled as { readonly id: string }).id));
  });

  test('no daemon: spooled at once, readable by the group whatever the umask', async () => {
    const inShell = ['-c', 'umask 077; exec "$0" "$@"', programOf(form), 'log', 'text'];
    expect(await run('/bin/sh', inShell)).toEqual({ exit: 0, out: '', err: `jetpack log: jetpackd is not running: the message waits in ${node.paths.spool}\n` });
    const [file = ''] = readdirSync(node.paths.spool).filter((name) => name !== 'rejected');
    expect((statSync(path.join(node.paths.spool, file)).mode & 0o777).toString(8)).toBe('640');
  });

  test('arguments arrive as they were given', async () => {
    const requests = await node.daemon();
    const messages = ['two  spaces', '', '$HOME `id` "quoted" \'single\' \\', 'line\nbreak', '*', 'ünïcödé 🚀'];
    for (const message of messages) expect(await jetpack(['log', '--', message])).toEqual(silence);
    expect(requests.map((request) => request.verb === 'log' && request.message)).toEqual(messages);
  });

  test('usage is exit code 2, and standard output stays clean', async () => {
    expect(await jetpack(['log', '--level=loud', 'text'])).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(/^jetpack log: .*'loud'.*\n$/) });
  });

  test('-v is what callers take apart', async () => {
    const { exit, out, err } = await jetpack(['-v']);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const [numbers = ''] = out.trim().split('-');
    expect(numbers.split('.').map(Number)).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
    expect(out).toMatch(/^\d+\.\d+\.\d+-\d+\n$/);
  });

  test('an answer that cannot be written is a failure, in one line', async () => {
    await node.daemon();
    const err = 'jetpack: standard output cannot be written (file_unwritable)\n';
    expect(await run('/bin/sh', ['-c', 'exec "$0" -v > /dev/full', programOf(form)])).toEqual({ exit: 1, out: '', err });
  });

  test('whoever reads the help may go away', async () => {
    const child = start(programOf(form), ['-h']);
    child.stdout.destroy();
    const [err, [exit]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
  });

  test('a loop that reads its own input keeps it: nothing is read which was not asked for', async () => {
    const requests = await node.daemon();
    const loop = 'while read -r word; do "$0" log "$word"; done';
    expect(await run('/bin/sh', ['-c', loop, programOf(form)], { input: 'one\ntwo\nthree\n' })).toEqual(silence);
    expect(requests.map((request) => request.verb === 'log' && request.message)).toEqual(['one', 'two', 'three']);
  });

  test('a file is opened with the rights of the caller, and what is wrong with it is said', async () => {
    const requests = await node.daemon();
    const file = path.join(node.home, 'a file');
    writeFileSync(file, 'content');
    for (const args of [['-f', file], [`--file=${file}`], [`-f${file}`]]) expect(await jetpack(['send', '-r', 'a.b', ...args])).toEqual(silence);
    expect(await jetpack(['send', '-r', 'a.b', '-f', 'a file'], { cwd: node.home })).toEqual(silence);
    expect(requests.map((request) => request.verb === 'send' && request.bodyBase64)).toEqual(Array.from({ length: 4 }, () => Buffer.from('content').toString('base64')));
    expect(await jetpack(['send', '-r', 'a.b', '-f', '/none'])).toEqual({ exit: 1, out: '', err: 'jetpack send: /none does not exist (file_unreadable)\n' });
    expect(await jetpack(['send', '-r', 'a.b', '-f', '/etc'])).toEqual({ exit: 1, out: '', err: 'jetpack send: /etc is a folder (file_unreadable)\n' });
  });

  test('a body that is too large is refused, and no more of it is read than that takes', async () => {
    await node.daemon();
    const { exit, out, err } = await run('/bin/sh', ['-c', 'head -c 5000000 /dev/zero | "$0" send -r a.b -f -', programOf(form)]);
    expect({ exit, out, err }).toEqual({ exit: 1, out: '', err: 'jetpack send: standard input has more than 4194304 bytes, the most that is allowed (message_too_large)\n' });
  });
});

describe('jetpack in Node', () => {
  test('a defect is one line, and its stack is there for who asks', async () => {
    const broken = `data:text/javascript,${encodeURIComponent("Date.now = () => { throw new Error('the clock is gone'); }")}`;
    const env = { NODE_OPTIONS: `--import=${broken}` };
    expect(await run(launcher, ['log', 'text'], { env })).toEqual({ exit: 1, out: '', err: 'jetpack: a defect: the clock is gone; JETPACK_DEBUG=1 shows where (internal)\n' });
    const debugged = await run(launcher, ['log', 'text'], { env: { ...env, JETPACK_DEBUG: '1' } });
    expect(debugged).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('commands/run.ts') });
  });
});

describe('jetpack, when traces are wanted', () => {
  let collector: Collector;
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  afterEach(() => collector.close());

  const traced = async (more: Record<string, string> = {}): Promise<Seen> =>
    run(launcher, ['log', 'text'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...more } });

  const attributes = (): Record<string, unknown> => {
    const [span] = collector.spans();
    return Object.fromEntries(span!.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
  };

  test('its run is a span in the trace of the shell, and the message carries that span on', async () => {
    collector = await startCollector(200);
    const requests = await node.daemon();
    expect(await traced({ TRACEPARENT: traceparent })).toEqual(silence);
    expect(collector.spans()).toMatchObject([{ name: 'jetpack log', traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' }]);
    expect(attributes()).toMatchObject({ 'process.exit.code': 0 });
    const carried = requests[0]?.trace?.traceparent;
    expect(carried).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(carried).not.toBe(traceparent);
  });

  test('a failure is in its span, with its code', async () => {
    collector = await startCollector(200);
    await node.refusingDaemon('outbox_full', 'the outbox is full');
    expect(await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.endpoint}/v1/traces` })).toMatchObject({ exit: 1 });
    expect(attributes()).toMatchObject({ 'process.exit.code': 1, 'error.type': 'outbox_full' });
  });

  test('a collector that never answers loses no message and no exit code', async () => {
    collector = await startCollector(undefined);
    const requests = await node.daemon();
    expect(await traced()).toMatchObject({ exit: 0, out: '' });
    expect(requests).toHaveLength(1);
  });
});

describe('the launchers', () => {
  let folder: string;

  beforeEach(() => {
    folder = path.join(node.home, 'elsewhere');
    mkdirSync(path.join(folder, 'bin'), { recursive: true });
  });

  test('work through links, relative and absolute, from anywhere', async () => {
    symlinkSync(launcher, path.join(folder, 'absolute'));
    symlinkSync('absolute', path.join(folder, 'relative'));
    symlinkSync('../relative', path.join(folder, 'bin', 'jetpack'));
    for (const link of ['absolute', 'relative', 'bin/jetpack']) expect(await run(path.join(folder, link), ['-v'])).toMatchObject({ exit: 0, err: '' });
    expect(await run('./relative', ['-v'], { cwd: folder })).toMatchObject({ exit: 0, err: '' });
    expect(await run('jetpack', ['-v'], { cwd: '/', env: { PATH: `${folder}/bin:/usr/bin:/bin` } })).toMatchObject({ exit: 0, err: '' });
    expect(await run('/bin/sh', ['relative', '-v'], { cwd: folder })).toMatchObject({ exit: 0, err: '' });
  });

  /** The launchers in a folder whose node_modules have no Node, and a `node` on the PATH that says this version and what it is to run. */
  const launchers = (version: string | undefined): SpawnOptions => {
    for (const name of readdirSync(bin)) copyFileSync(path.join(bin, name), path.join(folder, 'bin', name));
    mkdirSync(path.join(folder, 'node_modules', 'zod'), { recursive: true });
    const onPath = path.join(folder, 'path');
    mkdirSync(onPath);
    if (version !== undefined) {
      writeFileSync(path.join(onPath, 'node'), `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nprintf '<%s>' "$@"\n`, { mode: 0o755 });
    }
    return { env: { PATH: onPath } };
  };

  test.each([
    ['jetpack', 'cli/start.ts'],
    ['jetpack-node', 'cli/start.ts'],
    ['jetpackd', 'node/main.ts'],
    ['cycle-server', 'server/main.ts'],
  ])('%s runs %s with a Node on the PATH that is new enough, arguments verbatim', async (name, entry) => {
    const program = path.join(folder, 'bin', name);
    const expected = ['--disable-warning=ExperimentalWarning', path.join(folder, 'bin', '..', entry), 'a  b', '', '$x'];
    const { exit, out, err } = await run(program, ['a  b', '', '$x'], launchers('v24.0.0'));
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out.slice(1, -1).split('><').map((part, index) => (index === 1 ? path.normalize(part) : part))).toEqual(expected);
  });

  test.each(['jetpackd', 'cycle-server'])('%s says its version', async (name) => {
    const { exit, out, err } = await run(path.join(bin, name), ['--version']);
    expect({ exit, out, err }).toEqual({ exit: 0, out: `${ours}\n`, err: '' });
  });

  test.each([
    ['none', undefined],
    ['one that is too old', 'v20.20.2'],
    ['one that says nothing sensible', 'nonsense'],
  ])('with %s they say what is needed, in one line', async (_what, version) => {
    const options = launchers(version);
    for (const name of ['jetpack', 'jetpackd', 'cycle-server']) {
      expect(await run(path.join(folder, 'bin', name), ['log', 'text'], options)).toEqual({
        exit: 1,
        out: '',
        err: `${name === 'jetpack' ? 'jetpack-node' : name}: Node 24 or newer is needed, neither node_modules nor the PATH has it: run npm install there, or install Node 24\n`,
      });
    }
  });

  test('without the packages they say where to install them, whatever Node there is', async () => {
    const options = launchers('v24.0.0');
    rmSync(path.join(folder, 'node_modules'), { recursive: true });
    const line = `jetpackd: what it needs is not installed: run npm install in ${folder}\n`;
    expect(await run(path.join(folder, 'bin', 'jetpackd'), [], { env: { PATH: `${String(options.env?.['PATH'])}:/usr/bin:/bin` } })).toEqual({ exit: 1, out: '', err: line });
  });
});
