// The scripts of examples/, each run as a node runs it but with a `jetpack` that answers from a list: what they do, that they may
// be run twice, and how they fail.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseProjectIni } from '../node/projects/project-ini.ts';
import { root } from './plan.ts';

const project = path.join(root, 'examples', 'locker', 'projects', 'demo', '1.0.0');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'box-examples-'));
  mkdirSync(home());
});
afterEach(() => rmSync(folder, { recursive: true }));

const home = (): string => path.join(folder, 'home');
const inHome = (...names: readonly string[]): string => path.join(home(), ...names);
const calls = (): readonly string[] => readFileSync(path.join(folder, 'calls'), 'utf8').trimEnd().split('\n');

const queues = { short: { slots: 2 }, long: { slots: 1 } };
const answers = {
  'config cyclecloud.node.name': 'execute-1',
  'config cyclecloud.cluster.name': 'box',
  'config demo.queues --json': JSON.stringify(queues),
  'config demo.break False': 'False',
  'config demo.slots 2': '4',
  'config demo.min_free_mib 100': '1',
  'sync wait --role scheduler --phase ready --timeout 5m': '',
  'log joined with 4 slots for the queues long, short': '',
};

/** A `jetpack` that knows these questions and fails, as the true one does, at any other. */
const installJetpack = (known: Readonly<Record<string, string>>): void => {
  const cases = Object.entries(known).map(([question, answer]) => `'${question}') echo '${answer}' ;;`);
  const script = ['#!/bin/sh', `echo "$*" >> '${path.join(folder, 'calls')}'`, 'case "$*" in', ...cases, '*) echo "jetpack: what is $*" >&2; exit 1 ;;', 'esac', ''];
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  writeFileSync(path.join(folder, 'bin', 'jetpack'), script.join('\n'), { mode: 0o755 });
};

const run = (file: string, changed: Readonly<Record<string, string>> = {}) => runWith(file, { ...answers, ...changed });

const runWith = (file: string, known: Readonly<Record<string, string>>) => {
  installJetpack(known);
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH: `${path.join(folder, 'bin')}:${PATH}`, HOME, JETPACK_HOME: home(), CYCLECLOUD_PROJECT_PATH: project };
  const { status, stderr, stdout } = spawnSync(file, { cwd: path.dirname(file), env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
};

const script = (spec: string, name: string): string => path.join(project, 'specs', spec, 'cluster-init', 'scripts', name);
const check = path.join(project, 'specs', 'default', 'cluster-init', 'files', 'disk-space.sh');

/** Every file below the home, with its content. */
const made = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(home(), { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(inHome(name)).isFile())
      .map((name) => [name, readFileSync(inHome(name), 'utf8')]),
  );

const scripts = ['default', 'scheduler', 'execute'].flatMap((spec) => readdirSync(path.dirname(script(spec, 'x'))).map((name) => [spec, name] as const));

describe('the scripts of the sample project', () => {
  test('are in bash and in Python, and there for every role', () => {
    expect(scripts.map(([spec, name]) => `${spec}/${name}`)).toEqual([
      'default/10-motd.sh',
      'default/20-check.sh',
      'scheduler/10-queue.py',
      'execute/10-wait-for-scheduler.sh',
      'execute/20-join.py',
    ]);
  });

  test.each(scripts)('%s/%s ends well, and a second time does no more than the first', (spec, name) => {
    expect(run(script(spec, name))).toMatchObject({ code: 0, stderr: '' });
    const first = made();
    expect(run(script(spec, name))).toMatchObject({ code: 0, stderr: '' });
    expect(made()).toEqual(first);
    expect(Object.keys(first).filter((file) => file.endsWith('.new'))).toEqual([]);
  });

  test('10-motd.sh writes the blob and the names', () => {
    run(script('default', '10-motd.sh'));
    const banner = readFileSync(path.join(project, 'blobs', 'banner.txt'), 'utf8');
    expect(made()['system/demo/motd']).toBe(`${banner}This is execute-1 of the cluster box.\n`);
  });

  test('20-check.sh installs a check that may be executed', () => {
    run(script('default', '20-check.sh'));
    expect(Object.keys(made())).toEqual(['config/healthcheck.d/disk-space.sh']);
    expect(statSync(inHome('config/healthcheck.d/disk-space.sh')).mode & 0o777).toBe(0o755);
  });

  test('10-queue.py writes the queues of the template, and names one that has no slots', () => {
    run(script('scheduler', '10-queue.py'));
    expect(JSON.parse(made()['system/demo/queues.json'] ?? '')).toEqual(queues);
    expect(run(script('scheduler', '10-queue.py'), { 'config demo.queues --json': '{"long": {"slots": "many"}}' })).toMatchObject({
      code: 1,
      stderr: "demo.queues.long.slots is not a number of slots: 'many'\n",
    });
  });

  test('10-wait-for-scheduler.sh fails as the wait does', () => {
    expect(run(script('execute', '10-wait-for-scheduler.sh')).code).toBe(0);
    expect(calls()).toEqual(['sync wait --role scheduler --phase ready --timeout 5m']);
  });

  test('20-join.py writes what the node offers, and tells the server', () => {
    run(script('execute', '20-join.py'));
    expect(JSON.parse(made()['system/demo/worker.json'] ?? '')).toEqual({ slots: 4, queues: ['long', 'short'] });
    expect(calls().at(-1)).toBe('log joined with 4 slots for the queues long, short');
  });

  test('20-join.py with demo.break fails with exit code 3 and one line, and has done nothing', () => {
    const failed = run(script('execute', '20-join.py'), { 'config demo.break False': 'True' });
    expect(failed).toEqual({ code: 3, stdout: '', stderr: 'demo.break is set, so this node does not join\n' });
    expect(made()).toEqual({});
  });

  test.each(scripts.filter(([, name]) => name !== '20-check.sh'))('%s/%s fails when a command of jetpack does, with the line of that', (spec, name) => {
    const { code, stderr } = runWith(script(spec, name), {});
    expect(code).toBe(1);
    expect(stderr).toMatch(/^jetpack: what is (config|sync wait) .*\n$/);
  });
});

test('project.ini can be read without a complaint, has the name of its folder, and every blob that it names is there', () => {
  const file = path.join(project, 'project.ini');
  const ini = parseProjectIni(readFileSync(file), file);
  expect(ini).toEqual({ ok: true, value: { name: 'demo', version: '1.0.0', blobs: ['banner.txt'], warnings: [] } });
  expect(readdirSync(path.join(project, 'blobs'))).toEqual(['banner.txt']);
});

describe('the sample check', () => {
  test('is content with room', () => {
    expect(run(check)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('asks for an end of the node when there is too little, and says how much there is', () => {
    const { code, stderr } = run(check, { 'config demo.min_free_mib 100': '999999999999' });
    expect(code).toBe(254);
    expect(stderr).toMatch(/^\S+ has only \d+ MiB free, at least 999999999999 are wanted\n$/);
  });

  test.each(['many', '', '-1', '1.5'])('cannot tell when the limit is %j', (limit) => {
    expect(run(check, { 'config demo.min_free_mib 100': limit })).toEqual({ code: 1, stdout: '', stderr: `demo.min_free_mib is not a whole number: ${limit}\n` });
  });
});

test('examples/README.md names every file of the examples', () => {
  const readme = readFileSync(path.join(root, 'examples', 'README.md'), 'utf8');
  const files = readdirSync(path.join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter((name) => name !== 'README.md' && statSync(path.join(root, 'examples', name)).isFile());
  expect(files.length).toBeGreaterThan(7);
  for (const file of files) expect(readme).toContain(path.basename(file));
  expect(readme.split('\n').length).toBeLessThanOrEqual(61);
});
