import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { folder, inHome, locker, names, read, refused, root, synced, upload, useProjectsStage } from './testing/projects-stage.ts';

useProjectsStage();

const makePipe = (file: string): void => void execFileSync('python3', ['-c', 'import os, sys; os.mkfifo(sys.argv[1])', file]);

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
