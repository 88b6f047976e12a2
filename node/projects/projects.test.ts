import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Projects, Synced } from '../../actors/node/converge/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import type { SpecReference } from '../../protocol/configuration.ts';
import type { Failure } from '../../protocol/result.ts';
import { createProjects } from './projects.ts';
import { mountBelow } from './sync-folder.ts';

let folder: string;
let home: string;
let locker: string;
let clock: ManualClock;

const never = new AbortController().signal;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'projects-'));
  home = path.join(folder, 'home');
  locker = path.join(folder, 'locker');
  clock = new ManualClock();
  mkdirSync(home);
  mkdirSync(locker);
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (file: string, text: string, mode = 0o755): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};

const root = (project = 'demo', version = '1.0.0'): string => path.join(locker, 'projects', project, version);

/** Files by path in the project; those of a spec stand under its name. */
const upload = (files: Readonly<Record<string, string>>, { project = 'demo', version = '1.0.0', ini = '' } = {}): void => {
  write(path.join(root(project, version), 'project.ini'), `[project]\nname = ${project}\nversion = ${version}\n${ini}`);
  for (const [name, text] of Object.entries(files)) {
    const [spec = '', ...rest] = name.split('/');
    write(spec === 'blobs' ? path.join(root(project, version), name) : path.join(root(project, version), 'specs', spec, 'cluster-init', ...rest), text);
  }
};

const reference = (spec: string, more: Partial<SpecReference> = {}): SpecReference => ({ project: 'demo', version: '1.0.0', spec, ...more });

const projects = (instanceId = 'instance-1'): Projects => createProjects({ home, instanceId, clock });

const address = (): string => pathToFileURL(locker).href;

const synced = async (specs: readonly SpecReference[] = [reference('default')], by = projects()): Promise<Synced> => {
  const result = await by.sync(specs, address(), never);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const refused = async (specs: readonly SpecReference[] = [reference('default')], from: string | undefined = address()): Promise<Failure> => {
  const result = await projects().sync(specs, from, never);
  if (result.ok) throw new Error('it was taken');
  expect(await projects().plan(specs, from, never)).toMatchObject({ ok: false, error: { code: result.error.code } });
  return result.error;
};

const inHome = (...words: readonly string[]): string => path.join(home, 'cluster-init', ...words);
const read = (...words: readonly string[]): string => readFileSync(inHome(...words), 'utf8');
const names = ({ steps }: Synced): readonly string[] => steps.map(({ script, spec }) => `${spec}/${script}`);
const standings = ({ steps }: Synced): readonly string[] => steps.map(({ standing }) => standing);
const makePipe = (file: string): void => void execFileSync('python3', ['-c', 'import os, sys; os.mkfifo(sys.argv[1])', file]);
const modeOf = (file: string): string => (statSync(file).mode & 0o7777).toString(8);

describe('a sync', () => {
  test('brings the content of a spec and the blobs that are named into the home', async () => {
    upload({ 'default/scripts/10-a.sh': '#!/bin/sh\n', 'default/files/deep/x.txt': 'x', 'default/tests/t.py': 't', 'blobs/a.txt': 'A', 'blobs/pkgs/one.rpm': '1', 'blobs/pkgs/two.deb': '2', 'blobs/unnamed': '-' }, { ini: '[blobs]\nFiles = a.txt, pkgs/*.rpm\n' });
    const { steps, warnings } = await synced();
    expect(warnings).toEqual([]);
    expect(steps).toEqual([
      {
        project: 'demo',
        version: '1.0.0',
        spec: 'default',
        script: '10-a.sh',
        sha256: createHash('sha256').update('#!/bin/sh\n').digest('hex'),
        standing: 'will run',
        ranIn: undefined,
        file: inHome('demo', 'default', 'scripts', '10-a.sh'),
        folder: inHome('demo', 'default', 'scripts'),
        projectPath: inHome('demo'),
        specPath: inHome('demo', 'default'),
        log: path.join(home, 'logs', 'cluster-init', 'demo', 'default', 'scripts', '10-a.sh.out'),
      },
    ]);
    expect(read('demo', 'default', 'files', 'deep', 'x.txt')).toBe('x');
    expect(readdirSync(inHome('demo', 'default')).sort()).toEqual(['files', 'scripts', 'tests']);
    expect(readdirSync(inHome('demo', 'blobs')).sort()).toEqual(['a.txt', 'pkgs']);
    expect(readdirSync(inHome('demo', 'blobs', 'pkgs'))).toEqual(['one.rpm']);
    expect(existsSync(path.dirname(steps[0]!.log))).toBe(true);
  });

  test('gives the content of each script a name of its own', async () => {
    upload({ 'default/scripts/a': 'same', 'default/scripts/b': 'same', 'default/scripts/c': 'other' });
    const [a, b, c] = (await synced()).steps.map(({ sha256 }) => sha256);
    expect([a, a === b, a === c]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), true, false]);
  });

  test('keeps modes, but for what lets others write or run it as its owner', async () => {
    upload({ 'default/scripts/open': 'x', 'default/files/plain': 'x', 'default/files/own': 'x' });
    const source = path.join(root(), 'specs', 'default', 'cluster-init');
    chmodSync(path.join(source, 'scripts', 'open'), 0o6777);
    chmodSync(path.join(source, 'files', 'plain'), 0o640);
    chmodSync(path.join(source, 'files', 'own'), 0o400);
    chmodSync(path.join(source, 'files'), 0o777);
    await synced();
    expect([['scripts', 'open'], ['files', 'plain'], ['files', 'own'], ['files']].map((words) => modeOf(inHome('demo', 'default', ...words)))).toEqual(['755', '640', '600', '755']);
    expect([inHome(), inHome('demo')].map(modeOf)).toEqual(['750', '750']);
  });

  test('takes the specs in their order, then as they are listed, each once, and its scripts by code unit', async () => {
    const files = ['B.sh', 'a.sh', '10.sh', '9.sh', 'é.sh', 'Z', '.hidden', 'a.sh~', 'a.sh.bak', 'README.md'].map((name) => [`default/scripts/${name}`, name] as const);
    upload({ ...Object.fromEntries(files), 'default/scripts/deep/x.sh': 'x', 'execute/scripts/x.sh': 'x', 'first/scripts/x.sh': 'x' });
    const specs = [reference('default'), reference('execute'), reference('first', { order: -1 }), reference('default')];
    expect(names(await synced(specs))).toEqual(['first/x.sh', 'default/10.sh', 'default/9.sh', 'default/B.sh', 'default/README.md', 'default/Z', 'default/a.sh', 'default/é.sh', 'execute/x.sh']);
  });

  test('passes over the project called cyclecloud, and takes a spec without scripts or content', async () => {
    upload({ 'default/files/x': 'x' });
    mkdirSync(path.join(root(), 'specs', 'empty'));
    expect(await synced([{ project: 'cyclecloud', version: '1', spec: 'x' }, reference('default'), reference('empty')])).toEqual({ steps: [], warnings: [] });
    expect(existsSync(inHome('demo', 'empty'))).toBe(true);
  });

  test('of what changed replaces the spec whole', async () => {
    upload({ 'default/scripts/a.sh': 'old', 'default/files/gone': 'x' });
    await synced();
    write(inHome('demo', 'default', 'files', 'made-by-a-script'), 'x');
    rmSync(path.join(root(), 'specs', 'default', 'cluster-init', 'files', 'gone'));
    upload({ 'default/scripts/a.sh': 'new', 'default/files/kept': 'x' });
    await synced();
    expect(read('demo', 'default', 'scripts', 'a.sh')).toBe('new');
    expect(readdirSync(inHome('demo', 'default', 'files'))).toEqual(['kept']);
    expect(readdirSync(inHome('demo')).filter((name) => /\.(new|old|record)$/.test(name))).toEqual([]);
  });

  test('of what did not change leaves what scripts made and changed, and puts back what is missing and scripts that differ', async () => {
    upload({ 'default/scripts/a.sh': 'script', 'default/files/edited': 'x', 'default/files/lost/deep': 'x', 'blobs/b': 'blob' }, { ini: '[blobs]\nFiles = b\n' });
    await synced();
    write(inHome('demo', 'default', 'files', 'made'), 'made');
    write(inHome('demo', 'default', 'files', 'edited'), 'edited');
    write(inHome('demo', 'default', 'scripts', 'a.sh'), 'tampered', 0o600);
    rmSync(inHome('demo', 'default', 'files', 'lost'), { recursive: true });
    rmSync(inHome('demo', 'blobs', 'b'));
    await synced();
    expect([read('demo', 'default', 'files', 'made'), read('demo', 'default', 'files', 'edited'), read('demo', 'default', 'files', 'lost', 'deep'), read('demo', 'blobs', 'b')]).toEqual(['made', 'edited', 'x', 'blob']);
    expect([read('demo', 'default', 'scripts', 'a.sh'), modeOf(inHome('demo', 'default', 'scripts', 'a.sh'))]).toEqual(['script', '755']);
  });

  test('that was killed between the two renames is taken up: nothing is lost, nothing is mixed', async () => {
    upload({ 'default/scripts/a.sh': 'old' });
    await synced();
    renameSync(inHome('demo', 'default'), inHome('demo', '.default.old'));
    write(inHome('demo', '.default.new', 'scripts', 'half'), 'half');
    await synced();
    expect(readdirSync(inHome('demo', 'default', 'scripts'))).toEqual(['a.sh']);
    expect(readdirSync(inHome('demo')).sort()).toEqual(['.blobs.synced', '.default.synced', 'blobs', 'default']);
  });

  test('goes back to an earlier content although a record of it was there', async () => {
    upload({ 'default/scripts/a.sh': 'one' });
    await synced();
    upload({ 'default/scripts/a.sh': 'two' });
    await synced();
    upload({ 'default/scripts/a.sh': 'one' });
    await synced();
    expect(read('demo', 'default', 'scripts', 'a.sh')).toBe('one');
  });

  test('that is aborted rejects, and leaves what was there', async () => {
    upload({ 'default/scripts/a.sh': 'old' });
    await synced();
    upload({ 'default/scripts/a.sh': 'new' });
    await expect(projects().sync([reference('default')], address(), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(read('demo', 'default', 'scripts', 'a.sh')).toBe('old');
  });

  test('says which file of the home cannot be written', async () => {
    upload({ 'default/scripts/a.sh': 'x' });
    writeFileSync(path.join(home, 'cluster-init'), 'in the way');
    const result = await projects().sync([reference('default')], address(), never);
    expect(result).toMatchObject({ ok: false, error: { code: 'home_unusable', message: expect.stringContaining(inHome('demo')) } });
  });
});

test('a mount point in a folder is found in the kernel\'s list, so that the folder is not removed over it', () => {
  const list = '30 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 30 0:5 / /home/a\\040b/default/data rw - nfs server:/x rw\n32 30 0:6 / /home/other-data rw - tmpfs t rw\n';
  expect([mountBelow(list, '/home/a b/default'), mountBelow(list, '/home/other'), mountBelow(list, '/home/a b/default/data'), mountBelow('', '/home')]).toEqual(['/home/a b/default/data', undefined, undefined, undefined]);
});

describe('links', () => {
  const source = (...words: readonly string[]): string => path.join(root(), 'specs', 'default', 'cluster-init', ...words);

  test('inside a spec are links in its copy; to a file elsewhere in the project they are that file; a script may be one', async () => {
    upload({ 'default/files/real.sh': 'real', 'common/files/lib.sh': 'lib' });
    mkdirSync(source('scripts'));
    symlinkSync('../files/real.sh', source('scripts', '10-link.sh'));
    symlinkSync('../../../common/cluster-init/files/lib.sh', source('files', 'lib.sh'));
    symlinkSync('files', source('other'));
    const result = await synced();
    expect(names(result)).toEqual(['default/10-link.sh']);
    expect(readlinkSync(inHome('demo', 'default', 'scripts', '10-link.sh'))).toBe('../files/real.sh');
    expect([read('demo', 'default', 'files', 'lib.sh'), lstatSync(inHome('demo', 'default', 'files', 'lib.sh')).isFile(), read('demo', 'default', 'other', 'lib.sh')]).toEqual(['lib', true, 'lib']);
  });

  test.each([
    ['outside, absolute', '/etc/passwd', 'leads outside the project'],
    ['outside, relative', '../../../../../../../../outside', 'leads outside the project'],
    ['nowhere', 'missing', 'leads nowhere'],
    ['to itself', 'link', 'leads nowhere'],
    ['to a folder of another spec', '../../../common/cluster-init/files', 'leads out of its spec to something else than a file'],
  ])('%s are refused by name', async (_what, target, reason) => {
    upload({ 'default/files/x': 'x', 'common/files/lib.sh': 'lib' });
    writeFileSync(path.join(folder, 'outside'), 'x');
    symlinkSync(target, source('files', 'link'));
    expect(await refused()).toEqual({ code: 'project_unusable', message: `${source('files', 'link')} is a link that ${reason}` });
    expect(existsSync(inHome('demo'))).toBe(false);
  });

  test.each([
    ['the project', () => renameSync(root(), path.join(folder, 'elsewhere')), () => root()],
    ['the spec', () => renameSync(path.join(root(), 'specs', 'default'), path.join(folder, 'elsewhere')), () => path.join(root(), 'specs', 'default')],
    ['its content', () => renameSync(source(), path.join(folder, 'elsewhere')), () => source()],
    ['project.ini', () => renameSync(path.join(root(), 'project.ini'), path.join(folder, 'elsewhere')), () => path.join(root(), 'project.ini')],
  ])('%s as a link that leads out of the locker is refused', async (_what, move, place) => {
    upload({ 'default/files/x': 'x' });
    move();
    symlinkSync(path.join(folder, 'elsewhere'), place());
    expect(await refused()).toEqual({ code: 'project_unusable', message: expect.stringMatching(/ leads outside /) });
  });

  test('a project as a link within its locker is taken', async () => {
    upload({ 'default/scripts/a.sh': 'x' });
    renameSync(root(), path.join(locker, 'stored'));
    symlinkSync('../../stored', root());
    expect(names(await synced())).toEqual(['default/a.sh']);
  });
});

describe('what is no file', () => {
  test('a pipe is refused by name, and not waited for', async () => {
    upload({ 'default/files/x': 'x' });
    const pipe = path.join(root(), 'specs', 'default', 'cluster-init', 'files', 'pipe');
    makePipe(pipe);
    expect(await refused()).toEqual({ code: 'project_unusable', message: `${pipe} is neither a file, a folder nor a link` });
  });

  test('a socket too', async () => {
    upload({ 'default/files/x': 'x' });
    const socket = path.join(root(), 'specs', 'default', 'cluster-init', 'files', 's');
    const server = createServer().listen(socket);
    await new Promise((resolve) => void server.once('listening', resolve));
    try {
      expect(await refused()).toEqual({ code: 'project_unusable', message: `${socket} is neither a file, a folder nor a link` });
    } finally {
      await new Promise((resolve) => void server.close(resolve));
    }
  });

  test.each([
    ['a pipe', makePipe, 'is not a file'],
    ['a folder', (file: string) => mkdirSync(file), 'cannot be read (EISDIR)'],
    ['200 MB', (file: string) => (writeFileSync(file, ''), truncateSync(file, 200_000_000)), 'has more than 1048576 bytes'],
  ])('%s in place of project.ini', async (_what, make, reason) => {
    upload({ 'default/files/x': 'x' });
    const ini = path.join(root(), 'project.ini');
    rmSync(ini);
    make(ini);
    expect((await refused()).message).toMatch(new RegExp(`^${ini} (is not a file|${reason.replaceAll(/[()]/g, '\\$&')})$`));
  });

  test('names that a log or a marker could not carry are refused', async () => {
    upload({ 'default/scripts/x\ny': 'x' });
    expect((await refused()).message).toMatch(/holds a name with control characters/);
    rmSync(root(), { recursive: true });
    upload({ [`default/scripts/${'x'.repeat(201)}`]: 'x' });
    expect((await refused()).message).toMatch(/holds a name of more than 200 bytes/);
  });

  test('a hard link is a file', async () => {
    upload({ 'default/files/x': 'x' });
    linkSync(path.join(root(), 'specs', 'default', 'cluster-init', 'files', 'x'), path.join(root(), 'specs', 'default', 'cluster-init', 'files', 'y'));
    await synced();
    expect(read('demo', 'default', 'files', 'y')).toBe('x');
  });
});

describe('what is missing', () => {
  test.each([
    ['the project', () => undefined, () => root()],
    ['the version', () => upload({}, { version: '2.0.0' }), () => root()],
    ['project.ini', () => mkdirSync(path.join(root(), 'specs', 'default'), { recursive: true }), () => path.join(root(), 'project.ini')],
    ['the spec', () => upload({}), () => path.join(root(), 'specs', 'default')],
    ['a file where a folder should be', () => write(path.join(locker, 'projects'), 'x'), () => root()],
  ])('%s: project_missing names the path looked at, and an optional one is passed over with a warning', async (_what, make, place) => {
    make();
    expect(await refused()).toEqual({ code: 'project_missing', message: `${place()} is not there` });
    expect(await synced([reference('default', { optional: true })])).toEqual({
      steps: [],
      warnings: [`Project 'demo v1.0.0' spec 'default' is optional and passed over: ${place()} is not there`],
    });
  });

  test.each([
    ['a.txt', 'project_missing', 'a.txt is named in project.ini and is not there'],
    ['*.rpm', 'project_missing', '*.rpm is named in project.ini and is not there'],
    ['no/*/x', 'project_missing', 'no/*/x is named in project.ini and is not there'],
    ['folder', 'project_unusable', 'folder is named in project.ini and is not a file: name files, or folder/*'],
  ])('a blob: %s', async (name, code, message) => {
    upload({ 'default/scripts/a.sh': 'x', 'blobs/folder/x': 'x' }, { ini: `[blobs]\nFiles = ${name}\n` });
    const result = await projects().sync([reference('default')], address(), never);
    expect(result).toEqual({ ok: false, error: { code, message: path.join(root(), 'blobs', message) } });
  });

  test('an optional project that is damaged is no missing one', async () => {
    upload({}, { ini: 'oops' });
    expect(await refused([reference('default', { optional: true })])).toMatchObject({ code: 'project_unusable', message: `${path.join(root(), 'project.ini')} line 4: 'oops' is neither a [section] nor key = value` });
  });
});

describe('the copies in the home, taken as they are,', () => {
  const kept = (specs: readonly SpecReference[] = [reference('default')]) => projects().kept(specs, address(), never);

  test('are what was changed there, and the locker is not looked into', async () => {
    upload({ 'default/scripts/a.sh': 'one', 'default/scripts/b.sh': 'two' });
    const { steps } = await synced();
    for (const step of steps) await projects().mark(step, { run: 'run-1', job: 'job-1' });
    rmSync(locker, { recursive: true });
    writeFileSync(inHome('demo', 'default', 'scripts', 'b.sh'), 'edited');
    const result = await kept();
    expect(result.ok && result.value.steps.map(({ script, standing }) => [script, standing])).toEqual([['a.sh', 'has run'], ['b.sh', 'changed since it ran']]);
    expect(read('demo', 'default', 'scripts', 'b.sh')).toBe('edited');
  });

  test('are not there before they were brought, which passes an optional spec over', async () => {
    expect(await kept()).toEqual({ ok: false, error: { code: 'project_missing', message: `${inHome('demo', 'default')} is not there` } });
    expect(await kept([reference('default', { optional: true })])).toMatchObject({ ok: true, value: { steps: [], warnings: [expect.stringContaining('is optional and passed over')] } });
  });
});

describe('references that are refused', () => {
  test.each([
    ['../x', '1.0.0', 'default', "'../x' cannot be the name of a project"],
    ['demo', '..', 'default', "'..' cannot be the name of a version"],
    ['demo', '1.0.0', 'a/b', "'a/b' cannot be the name of a spec"],
    ['', '1.0.0', 'default', "'' cannot be the name of a project"],
    ['x'.repeat(101), '1.0.0', 'default', `'${'x'.repeat(60)}…' cannot be the name of a project`],
    ['demo', '1.0.0', 'blobs', "a spec cannot be called 'blobs'"],
  ])('%j %j %j', async (project, version, spec, message) => {
    expect((await refused([{ project, version, spec }])).message.startsWith(message)).toBe(true);
  });

  test.each([
    ['az://account/container?sig=secret', 'lockers of scheme az:// are not known: file:// is'],
    ['file://host/x', "a folder locker's address is file:// and an absolute path"],
    ['file:relative', "a folder locker's address is file:// and an absolute path"],
    ['file:///a%00b', "a folder locker's address is file:// and an absolute path"],
    ['file:///a%2Fb', "a folder locker's address is file:// and an absolute path"],
    ['/locker', "a locker's address must begin with its scheme: file:// is known"],
  ])('a locker %s', async (from, message) => {
    expect(await refused([reference('default')], from)).toEqual({ code: 'project_unusable', message });
    expect(await refused([reference('default', { locker: from })])).toEqual({ code: 'project_unusable', message });
  });

  test('no locker at all', async () => {
    const result = await projects().sync([reference('default')], undefined, never);
    expect(result).toEqual({ ok: false, error: { code: 'project_unusable', message: "project 'demo' names no locker, and cyclecloud.locker is not set" } });
  });

  test('one project in two versions, or from two lockers', async () => {
    expect((await refused([reference('a'), reference('b', { version: '2' })])).message).toBe("project 'demo' is listed in versions 1.0.0 and 2: a node takes one");
    expect((await refused([reference('a'), reference('b', { locker: 'file:///other' })])).message).toBe("project 'demo' is listed from two lockers: a node takes it from one");
  });

  test('a project.ini that speaks of another project or version', async () => {
    upload({});
    const ini = path.join(root(), 'project.ini');
    writeFileSync(ini, '[project]\nname = other\nversion = 1.0.0\n');
    expect((await refused()).message).toBe(`${ini} says name 'other', but the project stands under the name 'demo'`);
    writeFileSync(ini, '[project]\nname = demo\nversion = 1.0.1\n');
    expect((await refused()).message).toBe(`${ini} says version '1.0.1', but the project stands under version '1.0.0'`);
  });
});

describe('a marker', () => {
  const by = { run: 'run-1', job: 'job-1' };
  const mark = async (): Promise<void> => {
    upload({ 'default/scripts/a.sh': 'one', 'default/scripts/b.sh': 'x' });
    const { steps } = await synced();
    expect(await projects().mark(steps[0]!, by)).toEqual({ ok: true, value: undefined });
  };
  const marker = (): string => inHome('.run', 'demo', 'default', 'scripts', 'a.sh.run');

  test('says that its script has run, when, in which version and where', async () => {
    await mark();
    expect(JSON.parse(readFileSync(marker(), 'utf8'))).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/), instanceId: 'instance-1', at: clock.now(), version: '1.0.0', run: 'run-1', job: 'job-1' });
    expect([modeOf(marker()), modeOf(inHome('.run'))]).toEqual(['640', '750']);
    const result = await synced();
    expect(standings(result)).toEqual(['has run', 'will run']);
    expect(result.steps[0]?.ranIn).toBe('run-1');
    expect(await projects().endedWell({ id: 'job-1', project: 'demo', spec: 'default', script: 'a.sh' })).toBe(true);
    expect(await projects().endedWell({ id: 'job-2', project: 'demo', spec: 'default', script: 'a.sh' })).toBe(false);
    expect(await projects().endedWell({ id: 'job-1', project: 'demo', spec: 'default', script: 'b.sh' })).toBe(false);
  });

  test.each<[string, () => void, string, string]>([
    ['its script has other content', () => upload({ 'default/scripts/a.sh': 'two' }), 'instance-1', 'changed since it ran'],
    ['it is another machine', () => undefined, 'instance-2', 'will run'],
    ['it is deleted', () => rmSync(marker()), 'instance-1', 'will run'],
    ['only the version is new', () => (renameSync(root(), root('demo', '1.0.1')), write(path.join(root('demo', '1.0.1'), 'project.ini'), '[project]\nname=demo\nversion=1.0.1')), 'instance-1', 'has run'],
  ])('when %s, that is what the plan says', async (_what, change, instanceId, expected) => {
    await mark();
    change();
    const version = existsSync(root()) ? '1.0.0' : '1.0.1';
    const planned = await projects(instanceId).plan([reference('default', { version })], address(), never);
    expect(planned.ok && standings(planned.value)).toEqual([expected, 'will run']);
    expect(planned.ok && planned.value.steps[0]?.ranIn).toBe(expected === 'has run' ? 'run-1' : undefined);
  });

  test('stands also when the machine only goes by another id now', async () => {
    await mark();
    const planned = await createProjects({ home, instanceId: 'instance-2', knownAs: ['instance-1'], clock }).plan([reference('default')], address(), never);
    expect(planned.ok && standings(planned.value)).toEqual(['has run', 'will run']);
    expect(planned.ok && planned.value.warnings).toEqual([]);
    // From then on it is that of the new id, and nothing else about it has changed.
    expect(standings(await synced(undefined, projects('instance-2')))).toEqual(['has run', 'will run']);
    expect(standings(await synced(undefined, projects('instance-1')))).toEqual(['will run', 'will run']);
    expect(JSON.parse(readFileSync(marker(), 'utf8'))).toMatchObject({ instanceId: 'instance-2', run: 'run-1' });
  });

  test('that cannot be made the new id\'s is a warning, and stands', async () => {
    await mark();
    mkdirSync(inHome('.run/demo/default/scripts/.new/in the way'), { recursive: true });
    const planned = await createProjects({ home, instanceId: 'instance-2', knownAs: ['instance-1'], clock }).plan([reference('default')], address(), never);
    expect(planned.ok && [standings(planned.value), planned.value.warnings]).toEqual([['has run', 'will run'], [expect.stringMatching(/^the marker .+ cannot be written \(E\w+\)$/)]]);
  });

  test.each(['', '{', '[]', 'null', '{"sha256": 1}', '\u{FFFD}'.repeat(20_000)])('that is damaged counts as none, with a warning: %#', async (text) => {
    await mark();
    writeFileSync(marker(), text);
    const result = await synced();
    expect(standings(result)).toEqual(['will run', 'will run']);
    expect(result.warnings).toEqual([`the marker ${marker()} is damaged and counts as none`]);
    await projects().mark(result.steps[0]!, by);
    expect(standings(await synced())).toEqual(['has run', 'will run']);
  });

  test('that cannot be written is a value', async () => {
    await mark();
    rmSync(inHome('.run'), { recursive: true });
    writeFileSync(inHome('.run'), 'in the way');
    const planned = await projects().plan([reference('default')], address(), never);
    expect(planned.ok && (await projects().mark(planned.value.steps[0]!, by))).toMatchObject({ ok: false, error: { code: 'state_unwritable' } });
  });
});

test('a plan changes nothing in the home', async () => {
  upload({ 'default/scripts/a.sh': 'x' });
  const planned = await projects().plan([reference('default')], address(), never);
  expect(planned.ok && names(planned.value)).toEqual(['default/a.sh']);
  expect(readdirSync(home)).toEqual([]);
});
