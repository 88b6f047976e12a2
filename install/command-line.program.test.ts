// The command line as it is installed, made by the program that makes it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { handoverIn } from '../cli/handover.ts';
import { TestHome } from '../cli/testing/daemon.ts';
import { systemRandom, uuid7 } from '../effects/random.ts';

let folder: string;
let home: string;

const build = (...args: readonly string[]) => spawnSync(process.execPath, [path.join(import.meta.dirname, 'main.ts'), ...args], { encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'built-'));
  home = path.join(folder, 'home');
  mkdirSync(path.join(home, 'config'), { recursive: true });
  writeFileSync(path.join(home, 'config', 'node.json'), '{"a": {"b": true}}');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('both programs of the folder that it made answer from files, with no daemon and none of the sources', () => {
  const { status, stderr } = build(path.join(folder, 'made'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const name of ['jetpack', 'jetpack-node']) {
    const program = path.join(folder, 'made', 'bin', name);
    const ran = spawnSync(program, ['config', 'a.b'], { encoding: 'utf8', cwd: '/', env: { PATH: '/usr/bin:/bin', JETPACK_HOME: home } });
    expect({ status: ran.status, out: ran.stdout, err: ran.stderr }).toEqual({ status: 0, out: 'True\n', err: '' });
  }
});

test('what few commands need is found beside the bundle, and not in what every command reads', () => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { status, stderr } = spawnSync(path.join(folder, 'made', 'bin', 'jetpack-node'), args, { encoding: 'utf8', cwd: folder, env: { PATH: '/usr/bin:/bin', JETPACK_HOME: home, ...env } });
    return { status, stderr };
  };
  expect(run(['log', 'x'], { TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })).toEqual({ status: 0, stderr: expect.stringContaining('the message waits in') });
  // Nobody listens there: the trace is lost, the message is not.
  expect(run(['log', 'x'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).toEqual({ status: 0, stderr: expect.not.stringContaining('a defect') });
  expect(run(['status'])).toEqual({ status: 1, stderr: expect.stringContaining('this is what its files say') });
  expect(readFileSync(path.join(folder, 'made', 'lib', 'jetpack', 'commands.cjs'), 'utf8')).not.toContain('node:sqlite');
  mkdirSync(path.join(home, 'logs'), { recursive: true });
  expect(run(['report_issue'])).toMatchObject({ status: 0 });
  expect(run(['test'])).toMatchObject({ status: 0 });
  expect(run(['download', 'blob', 'there', '--project', 'none'])).toEqual({ status: 1, stderr: expect.not.stringContaining('a defect') });
});

test('a call that a daemon runs loads no commands, and one that is left to it does', async () => {
  const commands = path.join(folder, 'made', 'lib', 'jetpack', 'commands.cjs');
  const kept = `${commands}.kept`;
  renameSync(commands, kept);
  writeFileSync(commands, "throw new Error('the commands are loaded');");
  const served = new TestHome();
  const requests = await served.daemon();
  const run = (more: Readonly<Record<string, string>>) => {
    const env = { PATH: '/usr/bin:/bin', JETPACK_HOME: served.paths.home, ...more };
    return promisify(execFile)(path.join(folder, 'made', 'bin', 'jetpack-node'), ['log', 'text'], { encoding: 'utf8', cwd: '/', env });
  };
  expect(await run({})).toEqual({ stdout: '', stderr: '' });
  expect(requests).toMatchObject([{ verb: 'log', message: 'text' }]);
  const loaded = { code: 1, stdout: '', stderr: 'jetpack: a defect: the commands are loaded; JETPACK_DEBUG=1 shows where (internal)\n' };
  await expect(run({ JETPACK_HOME: home })).rejects.toMatchObject(loaded);
  await expect(run(handoverIn({ id: uuid7(Date.now(), systemRandom), waitedMs: 0 }))).rejects.toMatchObject(loaded);
  expect(requests).toHaveLength(1);
  await served.remove();
  renameSync(kept, commands);
});

test('a call that finds no daemon by its path loads none of the parts of Node that could ask one', () => {
  const listing = path.join(folder, 'listing.cjs');
  writeFileSync(listing, "process.on('exit', () => require('fs').writeSync(2, process.moduleLoadList.join('\\n')));");
  for (const args of [['config', 'a.b'], ['log', 'text']]) {
    const env = { PATH: '/usr/bin:/bin', JETPACK_HOME: home, NODE_OPTIONS: `--require=${listing}` };
    const { status, stderr } = spawnSync(path.join(folder, 'made', 'bin', 'jetpack-node'), args, { encoding: 'utf8', cwd: '/', env });
    const late = new Set(['net', 'tty', 'crypto', 'child_process', 'stream'].map((name) => `NativeModule ${name}`));
    expect({ status, loaded: stderr.split('\n').filter((line) => late.has(line)) }).toEqual({ status: 0, loaded: [] });
    expect(stderr).toContain('NativeModule fs');
  }
});

test('what Node compiled of the commands is kept beside them, whatever daemon ran on the machine that made them', async () => {
  const [bare, served] = [path.join(folder, 'kept'), new TestHome()];
  await served.daemon();
  await promisify(execFile)(process.execPath, [path.join(import.meta.dirname, 'main.ts'), bare], { env: { PATH: process.env['PATH'], JETPACK_HOME: served.paths.home } });
  const compiled = path.join(bare, 'lib', 'jetpack', 'compiled');
  expect(readdirSync(compiled, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())).not.toEqual([]);
  await served.remove();
});

test('the daemons and healthcheck are in that folder too, and need none of the sources either', () => {
  const run = (name: string, ...args: readonly string[]) => {
    const { status, stderr, stdout } = spawnSync(path.join(folder, 'made', 'bin', name), args, { encoding: 'utf8', cwd: '/', env: { PATH: '/usr/bin:/bin', JETPACK_HOME: home } });
    return { status, stderr, stdout };
  };
  for (const name of ['jetpackd', 'cycle-server']) {
    expect(run(name, '--help')).toEqual({ status: 0, stderr: '', stdout: expect.stringContaining(`${name} `) });
    expect(run(name, '--nonsense')).toEqual({ status: 2, stderr: expect.stringMatching(new RegExp(`^${name}: [^\n]+\n$`)), stdout: '' });
  }
  // It is `jetpack health --run`, which only a daemon can do.
  expect(run('healthcheck')).toEqual({ status: 1, stderr: expect.stringMatching(/^jetpack health: .*\(daemon_unreachable\)\n$/), stdout: '' });
});

test('where the front cannot be compiled all else is made, and jetpack is the Node form', () => {
  const tools = path.join(folder, 'tools');
  mkdirSync(tools);
  writeFileSync(path.join(tools, 'cc'), '#!/bin/sh\necho "cc: nothing works" >&2\nexit 1\n', { mode: 0o755 });
  const bin = path.join(folder, 'made', 'bin');
  const made = spawnSync(process.execPath, [path.join(import.meta.dirname, 'main.ts'), path.join(folder, 'made')], { encoding: 'utf8', env: { PATH: `${tools}:/usr/bin:/bin` } });
  expect(made).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining(`${bin}/jetpack runs in Node, for the front cannot be compiled: cc: nothing works\n`) });
  expect(readlinkSync(path.join(bin, 'jetpack'))).toBe('jetpack-node');
  const ran = spawnSync(path.join(bin, 'jetpack'), ['config', 'a.b'], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', JETPACK_HOME: home } });
  expect({ status: ran.status, out: ran.stdout }).toEqual({ status: 0, out: 'True\n' });
});

test('without a folder it says how it is used', () => {
  expect(build()).toMatchObject({ status: 2, stderr: 'usage: npm run build -- DIR\n' });
});
