// The programs as a person or a script starts them: the real launchers, as child processes.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startCollector, type Collector } from '../telemetry/testing/collector.ts';
import { TestHome } from './testing/daemon.ts';

const bin = fileURLToPath(new URL('../bin', import.meta.url));
const launcher = path.join(bin, 'jetpack');

let node: TestHome;
let cache: string;

beforeAll(() => {
  cache = mkdtempSync(path.join(tmpdir(), 'compiled-'));
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

describe('jetpack', () => {
  test('a daemon that accepts: silence and exit code 0', async () => {
    const requests = await node.daemon();
    expect(await run(launcher, ['log', 'system is ready'])).toEqual(silence);
    expect(await run(launcher, ['send', '--file', '-', '--routing-key', 'a.b'], { input: '{"a":1}' })).toEqual(silence);
    expect(requests).toMatchObject([
      { verb: 'log', message: 'system is ready' },
      { verb: 'send', routingKey: 'a.b', contentType: 'application/json', bodyBase64: Buffer.from('{"a":1}').toString('base64') },
    ]);
  });

  test('a daemon that refuses: its line and exit code 1', async () => {
    await node.refusingDaemon('outbox_full', 'the outbox is full');
    expect(await run(launcher, ['log', 'text'])).toEqual({ exit: 1, out: '', err: 'jetpack log: the outbox is full (outbox_full)\n' });
  });

  test('a daemon that is silent: spooled after its patience, exit code 0', async () => {
    await node.impostor((socket) => socket.resume());
    expect(await run(launcher, ['log', 'text'])).toEqual({ exit: 0, out: '', err: `jetpack log: jetpackd does not answer: the message waits in ${node.paths.spool}\n` });
    expect(node.spooled()).toMatchObject([{ verb: 'log', message: 'text' }]);
  });

  test('no daemon: spooled at once, readable by the group whatever the umask', async () => {
    const inShell = ['-c', 'umask 077; exec "$0" "$@"', launcher, 'log', 'text'];
    expect(await run('/bin/sh', inShell)).toEqual({ exit: 0, out: '', err: `jetpack log: jetpackd is not running: the message waits in ${node.paths.spool}\n` });
    const [file = ''] = readdirSync(node.paths.spool).filter((name) => name !== 'rejected');
    expect((statSync(path.join(node.paths.spool, file)).mode & 0o777).toString(8)).toBe('640');
  });

  test('arguments arrive as they were given', async () => {
    const requests = await node.daemon();
    const messages = ['two  spaces', '', '$HOME `id` "quoted" \'single\' \\', 'line\nbreak', '*', 'ünïcödé 🚀'];
    for (const message of messages) expect(await run(launcher, ['log', '--', message])).toEqual(silence);
    expect(requests.map((request) => request.verb === 'log' && request.message)).toEqual(messages);
  });

  test('usage is exit code 2, and standard output stays clean', async () => {
    expect(await run(launcher, ['log', '--level=loud', 'text'])).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(/^jetpack log: .*'loud'.*\n$/) });
  });

  test('-v is what callers take apart', async () => {
    const { exit, out, err } = await run(launcher, ['-v']);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const [numbers = ''] = out.trim().split('-');
    expect(numbers.split('.').map(Number)).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
    expect(out).toMatch(/^\d+\.\d+\.\d+-\d+\n$/);
  });

  test('whoever reads the help may go away', async () => {
    const child = start(launcher, ['-h']);
    child.stdout.destroy();
    const [err, [exit]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
  });

  test('a defect is one line, and its stack is there for who asks', async () => {
    const broken = `data:text/javascript,${encodeURIComponent("Date.now = () => { throw new Error('the clock is gone'); }")}`;
    const env = { NODE_OPTIONS: `--import=${broken}` };
    expect(await run(launcher, ['log', 'text'], { env })).toEqual({ exit: 1, out: '', err: 'jetpack: a defect: the clock is gone; JETPACK_DEBUG=1 shows where (internal)\n' });
    const debugged = await run(launcher, ['log', 'text'], { env: { ...env, JETPACK_DEBUG: '1' } });
    expect(debugged).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('cli/run.ts') });
  });

  test('a run without tracing loads neither schemas nor telemetry, which would double its time', async () => {
    await node.daemon();
    const listing = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { if (!url.startsWith('node:')) process.stderr.write(url + '\\n'); return next(url, context); } });`;
    const { err } = await run(launcher, ['log', 'text'], { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(listing)}` } });
    const loaded = err.trim().split('\n');
    expect(loaded.filter((url) => url.includes('/node_modules/') && !url.includes('/node_modules/commander/'))).toEqual([]);
    expect(loaded.filter((url) => url.includes('/telemetry/'))).toEqual([]);
    expect(loaded).toContainEqual(expect.stringMatching(/\/cli\/run\.ts$/));
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

  /** The launchers in a folder without node_modules, and a `node` on the PATH that says this version and what it is to run. */
  const launchers = (version: string | undefined): SpawnOptions => {
    for (const name of readdirSync(bin)) copyFileSync(path.join(bin, name), path.join(folder, 'bin', name));
    const onPath = path.join(folder, 'path');
    mkdirSync(onPath);
    if (version !== undefined) {
      writeFileSync(path.join(onPath, 'node'), `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nprintf '<%s>' "$@"\n`, { mode: 0o755 });
    }
    return { env: { PATH: onPath } };
  };

  test.each([
    ['jetpack', 'cli/main.ts'],
    ['jetpackd', 'node/main.ts'],
    ['cycle-server', 'server/main.ts'],
  ])('%s runs %s with a Node on the PATH that is new enough, arguments verbatim', async (name, entry) => {
    const program = path.join(folder, 'bin', name);
    const expected = ['--disable-warning=ExperimentalWarning', path.join(folder, 'bin', '..', entry), 'a  b', '', '$x'];
    const { exit, out, err } = await run(program, ['a  b', '', '$x'], launchers('v24.0.0'));
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out.slice(1, -1).split('><').map((part, index) => (index === 1 ? path.normalize(part) : part))).toEqual(expected);
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
        err: `${name}: Node 24 or newer is needed, neither node_modules nor the PATH has it: run npm install, or install Node 24\n`,
      });
    }
  });
});
