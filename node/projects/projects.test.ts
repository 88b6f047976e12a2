import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SpecReference } from '../../protocol/configuration.ts';
import { mountBelow } from './sync-folder.ts';
import { address, home, inHome, locker, modeOf, names, never, projects, read, reference, refused, root, synced, upload, useProjectsStage, write } from './testing/projects-stage.ts';

useProjectsStage();

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
