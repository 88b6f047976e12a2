import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BlobOrder } from '../../commands/host.ts';
import { ok } from '../../protocol/result.ts';
import { fetchBlob } from './fetch-blob.ts';

let folder: string;
let home: string;
let locker: string;
let work: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fetch-blob-'));
  [home, locker, work] = ['home', 'locker', 'work'].map((name) => path.join(folder, name)) as [string, string, string];
  for (const each of [home, locker, work]) mkdirSync(each);
  configure({});
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (file: string, text: string, mode = 0o644): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};

const configure = (cyclecloud: object): void => {
  const standard = { locker: pathToFileURL(locker).href, cluster_init_specs: [{ project: 'demo', version: '1.0.0', spec: 'default', order: 1000 }] };
  write(path.join(home, 'config/node.json'), JSON.stringify({ cyclecloud: { ...standard, ...cyclecloud } }));
};

const projectFolder = (): string => path.join(locker, 'projects/demo/1.0.0');

/** A blob of the project's own. */
const own = (name: string, text: string): void => {
  write(path.join(projectFolder(), 'project.ini'), '[project]\nname = demo\nversion = 1.0.0\n');
  write(path.join(projectFolder(), 'blobs', name), text);
};

/** One that somebody uploaded. */
const users = (name: string, text: string, mode?: number): void => write(path.join(locker, 'blobs/demo', name), text, mode);

const fetch = (more: Partial<BlobOrder> = {}) => fetchBlob(home, { project: 'demo', blob: 'a.txt', to: work, folder: true, ...more });

const got = (name = 'a.txt'): string => readFileSync(path.join(work, name), 'utf8');

describe('a blob', () => {
  test("of the project's own is brought into a folder under the last word of its name", async () => {
    own('deep/er/a.txt', 'own');
    expect(await fetch({ blob: 'deep/er/a.txt' })).toEqual(ok(undefined));
    expect(got()).toBe('own');
    expect(readdirSync(work)).toEqual(['a.txt']);
  });

  test('of users counts before the project\'s own', async () => {
    own('a.txt', 'own');
    users('a.txt', 'uploaded');
    await fetch();
    expect(got()).toBe('uploaded');
  });

  test('of users is brought although the node does not list the project', async () => {
    configure({ cluster_init_specs: [] });
    users('a.txt', 'uploaded');
    expect(await fetch()).toEqual(ok(undefined));
  });

  test('comes from the locker that the spec names', async () => {
    configure({ locker: 'file:///nowhere', cluster_init_specs: [{ project: 'demo', version: '1.0.0', spec: 'default', locker: pathToFileURL(locker).href }] });
    own('a.txt', 'own');
    expect(await fetch()).toEqual(ok(undefined));
  });

  test('is brought under a name of its own', async () => {
    own('a.txt', 'own');
    expect(await fetch({ to: path.join(work, 'b'), folder: false })).toEqual(ok(undefined));
    expect(got('b')).toBe('own');
  });

  test('takes the place of a file, whose mode it keeps, also behind a link', async () => {
    own('a.txt', 'new');
    write(path.join(folder, 'target'), 'old', 0o600);
    symlinkSync(path.join(folder, 'target'), path.join(work, 'a.txt'));
    await fetch();
    expect([readFileSync(path.join(folder, 'target'), 'utf8'), statSync(path.join(folder, 'target')).mode & 0o777]).toEqual(['new', 0o600]);
  });

  test('that is a program comes as one', async () => {
    users('tool', '#!/bin/sh\n', 0o755);
    await fetch({ blob: 'tool' });
    expect(statSync(path.join(work, 'tool')).mode & 0o100).toBe(0o100);
  });

  test('of any size is brought whole', async () => {
    own('a.txt', 'x'.repeat(3_000_000));
    await fetch();
    expect(got()).toHaveLength(3_000_000);
  });
});

describe('what cannot be brought is one line, and what stood there stays:', () => {
  test.each<[string, () => void, Partial<BlobOrder>, string, string]>([
    ['there is no such blob', () => own('b.txt', ''), {}, 'project_missing', 'neither .*/blobs/demo/a.txt nor .*/projects/demo/1.0.0/blobs/a.txt is there'],
    ['the node does not list the project', () => undefined, { project: 'other' }, 'project_missing', "project 'other' is not among those of this node, and .* is not there"],
    ['the project is not in the locker', () => undefined, {}, 'project_missing', '.*/projects/demo/1.0.0 is not there'],
    ['there is no locker', () => rmSync(locker, { recursive: true }), {}, 'project_missing', '.*/locker is not there'],
    ['no locker is set', () => configure({ locker: null }), {}, 'project_missing', "project 'demo' names no locker"],
    ['the locker is no folder', () => configure({ locker: 'az://account/container?sig=secret' }), {}, 'project_unusable', 'lockers of scheme az:// are not known: file:// is$'],
    ['the project has no name for a folder', () => undefined, { project: '../x' }, 'project_unusable', "'../x' cannot be the name of a project"],
    ['it is a folder', () => own('a.txt/b', ''), {}, 'project_unusable', '.*/a.txt is not a file'],
    ['it leads outside', () => (own('b', ''), symlinkSync('/etc/passwd', path.join(projectFolder(), 'blobs/a.txt'))), {}, 'project_unusable', '.*/a.txt leads outside .*'],
    ['the folder for it is not there', () => own('a.txt', ''), { to: '/nowhere/at/all' }, 'file_unwritable', '/nowhere/at/all does not exist'],
    ['what is to be a folder is a file', () => own('a.txt', ''), { to: '/etc/passwd' }, 'file_unwritable', '/etc/passwd is not a folder'],
    ['the folder of its new name is not there', () => own('a.txt', ''), { to: '/nowhere/b', folder: false }, 'file_unwritable', '/nowhere/b cannot be written .ENOENT.'],
    ['it would replace a device', () => own('a.txt', ''), { to: '/dev/null', folder: false }, 'file_unwritable', '/dev/null is neither a file nor a folder'],
    ['there is no configuration', () => rmSync(path.join(home, 'config/node.json')), {}, 'file_unreadable', '.*/node.json does not exist'],
  ])('%s', async (_why, arrange, order, code, message) => {
    arrange();
    writeFileSync(path.join(work, 'a.txt'), 'before');
    const result = await fetch(order);
    expect(result).toEqual({ ok: false, error: { code, message: expect.stringMatching(new RegExp(`^${message}`)) } });
    expect([got(), readdirSync(work)]).toEqual(['before', ['a.txt']]);
  });

  test('a folder stands where the file would', async () => {
    own('a.txt', '');
    mkdirSync(path.join(work, 'a.txt'));
    expect(await fetch()).toMatchObject({ ok: false, error: { code: 'file_unwritable', message: `${path.join(work, 'a.txt')} is a folder` } });
  });
});
