import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeDurably } from './durable-file.ts';
import { lockHome } from './lock.ts';
import { resolveHome } from '../../commands/home.ts';
import type { Result } from '../../protocol/result.ts';
import { homePaths, type HomePaths } from './paths.ts';
import { prepareHome, prepareSpool } from './prepare.ts';
import { claimSocketPaths, findSocketPaths } from './socket-paths.ts';
import { systemCode } from './system-error.ts';
import { withUmask } from './umask.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'home-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** As a user who is neither root nor in a group of the home. */
const prepareAsStranger = (paths: HomePaths): Result<void> => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    process.setegid?.(65_534);
    process.seteuid?.(65_534);
  } else chmodSync(paths.run, 0);
  try {
    return prepareSpool(paths);
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
      process.setegid?.(0);
    } else chmodSync(paths.run, 0o750);
  }
};

const modeOf = (file: string): string => (statSync(file).mode & 0o7777).toString(8);

describe('which folder is the home', () => {
  test.each([
    ['the option first', '/option', { JETPACK_HOME: '/jetpack', CYCLECLOUD_HOME: '/cyclecloud' }, '/option'],
    ['then JETPACK_HOME', undefined, { JETPACK_HOME: '/jetpack', CYCLECLOUD_HOME: '/cyclecloud' }, '/jetpack'],
    ['then CYCLECLOUD_HOME', undefined, { CYCLECLOUD_HOME: '/cyclecloud' }, '/cyclecloud'],
    ['then the standard place', undefined, {}, '/opt/cycle/jetpack'],
    ['an empty variable counts as unset', undefined, { JETPACK_HOME: '', CYCLECLOUD_HOME: '/cyclecloud' }, '/cyclecloud'],
    ['a relative one is taken from the working directory', 'here', {}, path.resolve('here')],
  ])('%s', (_rule, option, env, expected) => expect(resolveHome(option, env)).toBe(expected));
});

describe('the folders of a home', () => {
  test.each([0, 0o022, 0o077])('have their modes from the start, under umask %o', (mask) => {
    const paths = homePaths(path.join(folder, 'deep', 'home'));
    expect(withUmask(mask, () => prepareHome(paths))).toEqual({ ok: true, value: undefined });
    expect([paths.run, paths.logs, paths.config, paths.rejected, paths.bootstrap, paths.chefState].map(modeOf)).toEqual(['750', '750', '750', '750', '750', '750']);
    expect(modeOf(paths.spool)).toBe('1770');
  });

  test('preparing twice changes nothing', () => {
    const paths = homePaths(folder);
    prepareHome(paths);
    chmodSync(paths.run, 0o700);
    expect(prepareHome(paths).ok).toBe(true);
    expect(modeOf(paths.run)).toBe('700');
  });

  test('the command line makes run/ in a home that exists, and nothing else', () => {
    expect(prepareSpool(homePaths(folder)).ok).toBe(true);
    expect(readdirSync(folder)).toEqual(['run']);
  });

  test('the command line makes no home: a mistyped one would swallow messages', () => {
    const missing = path.join(folder, 'typo');
    expect(prepareSpool(homePaths(missing))).toEqual({
      ok: false,
      error: { code: 'home_unusable', message: `the home folder ${missing} does not exist: name another with --home or JETPACK_HOME` },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['a file in place of run/', () => writeFileSync(path.join(folder, 'run'), ''), 'run is not a folder'],
    ['a link in place of run/', () => symlinkSync('/tmp', path.join(folder, 'run')), 'run is not a folder'],
    ['a run/ that everyone may write to', () => withUmask(0, () => mkdirSync(path.join(folder, 'run'), 0o777)), 'run is writable by everyone: chmod o-w takes that away'],
  ])('%s is refused by name', (_what, spoil, message) => {
    spoil();
    expect(prepareHome(homePaths(folder))).toEqual({ ok: false, error: { code: 'home_unusable', message: `${folder}/${message}` } });
  });

  const notRoots = (folder: string): void => (process.getuid?.() === 0 ? chownSync(folder, 12_345, 12_345) : chmodSync(folder, 0o720));

  test.each([
    ['run/', 'run'],
    ['the spool', 'run/spool'],
  ])('%s whose group could replace what others put there is not trusted by a daemon', (_what, name) => {
    prepareHome(homePaths(folder));
    chmodSync(path.join(folder, name), 0o770);
    expect(prepareHome(homePaths(folder))).toEqual({
      ok: false,
      error: { code: 'home_unusable', message: `${folder}/${name} lets its group replace what others put there: chmod +t forbids that` },
    });
  });

  test.each(['run', 'run/spool', 'run/spool/rejected'])('%s that another user owns is not trusted by a daemon', (name) => {
    prepareHome(homePaths(folder));
    notRoots(path.join(folder, name));
    expect(prepareHome(homePaths(folder))).toMatchObject({ ok: false, error: { code: 'home_unusable', message: expect.stringContaining(`${folder}/${name} `) } });
  });

  test('one that this user may not look into is no missing one, and the line says so', () => {
    prepareHome(homePaths(folder));
    chmodSync(folder, 0o755);
    expect(prepareAsStranger(homePaths(folder))).toEqual({ ok: false, error: { code: 'home_unusable', message: `${folder}/run/spool may not be used by this user` } });
  });

  test('a home that cannot be made is refused by name', () => {
    writeFileSync(path.join(folder, 'file'), '');
    const home = path.join(folder, 'file', 'home');
    expect(prepareHome(homePaths(home))).toEqual({ ok: false, error: { code: 'home_unusable', message: `${home} cannot be made (ENOTDIR)` } });
  });
});

describe('the paths of the sockets', () => {
  test('stand in run/ when they fit', () => {
    const paths = homePaths(folder);
    const expected = { ok: true, value: { cluster: path.join(folder, 'run', 'jetpack.sock'), admin: path.join(folder, 'run', 'admin.sock'), front: path.join(folder, 'run', 'front.sock'), frontAdmin: path.join(folder, 'run', 'front-admin.sock') } };
    expect(claimSocketPaths(paths, folder)).toEqual(expected);
    expect(findSocketPaths(paths)).toEqual(expected);
  });

  test('107 bytes fit, counted in bytes', () => {
    const room = 107 - Buffer.byteLength('/run/front-admin.sock');
    const fitting = `/${'é'.repeat(Math.floor((room - 1) / 2))}`.padEnd(room - Math.floor((room - 1) / 2), 'x');
    expect(Buffer.byteLength(fitting)).toBe(room);
    expect(findSocketPaths(homePaths(fitting)).ok).toBe(true);
    expect(findSocketPaths(homePaths(`${fitting}x`)).ok).toBe(false);
  });

  describe('in a home whose path is too long', () => {
    const longHome = () => {
      const paths = homePaths(path.join(folder, 'x'.repeat(60), 'y'.repeat(60)));
      prepareHome(paths);
      return paths;
    };

    const recordedFolder = (paths: ReturnType<typeof longHome>): string => readFileSync(paths.socketRecord, 'utf8').trim();

    test('they stand in a private folder that the client finds, at every start the same', () => {
      const paths = longHome();
      expect(findSocketPaths(paths)).toMatchObject({ ok: false, error: { code: 'daemon_unreachable' } });
      const claimed = claimSocketPaths(paths, folder);
      expect(claimed.ok && path.dirname(claimed.value.cluster)).toBe(recordedFolder(paths));
      expect(modeOf(recordedFolder(paths))).toBe('700');
      expect(modeOf(paths.socketRecord)).toBe('640');
      expect(findSocketPaths(paths)).toEqual(claimed);
      expect(claimSocketPaths(paths, folder)).toEqual(claimed);
    });

    test.each([
      ['has become open to others', (recorded: string) => chmodSync(recorded, 0o755)],
      ['is gone', (recorded: string) => rmSync(recorded, { recursive: true })],
      [
        'was replaced by a link',
        (recorded: string) => {
          rmSync(recorded, { recursive: true });
          mkdirSync(`${recorded}-elsewhere`, 0o700);
          symlinkSync(`${recorded}-elsewhere`, recorded);
        },
      ],
    ])('a recorded folder that %s is not trusted, and the next daemon makes another', (_what, spoil) => {
      const paths = longHome();
      claimSocketPaths(paths, folder);
      const before = recordedFolder(paths);
      spoil(before);
      expect(findSocketPaths(paths)).toMatchObject({ ok: false, error: { code: 'daemon_unreachable' } });
      expect(claimSocketPaths(paths, folder).ok).toBe(true);
      expect(recordedFolder(paths)).not.toBe(before);
      expect(findSocketPaths(paths).ok).toBe(true);
    });

    test('a record of a relative path is not trusted', () => {
      const paths = longHome();
      writeFileSync(paths.socketRecord, 'here\n');
      expect(findSocketPaths(paths).ok).toBe(false);
    });

    test('a temporary folder that is too long itself is named, and left as it was', () => {
      const paths = longHome();
      const before = readdirSync(paths.run);
      expect(claimSocketPaths(paths, paths.run)).toMatchObject({ ok: false, error: { code: 'home_unusable', message: expect.stringContaining('set TMPDIR to a shorter one') } });
      expect(readdirSync(paths.run)).toEqual(before);
    });
  });
});

describe('the lock of a home', () => {
  test('turns a second daemon away with a line that names the home', () => {
    const paths = homePaths(folder);
    prepareHome(paths);
    const first = lockHome(paths);
    expect(lockHome(paths)).toEqual({ ok: false, error: { code: 'already_running', message: `another jetpackd serves ${folder}` } });
    if (first.ok) first.value.release();
    const second = lockHome(paths);
    expect(second.ok).toBe(true);
    if (second.ok) second.value.release();
  });

  test('without run/ it is one coded answer', () => {
    expect(lockHome(homePaths(folder))).toMatchObject({ ok: false, error: { code: 'home_unusable' } });
  });
});

describe('a durable file', () => {
  test('has exactly its mode under any umask, and replaces the one before whole', () => {
    const file = path.join(folder, 'file');
    for (const text of ['first', 'second']) withUmask(0o077, () => writeDurably(file, `${file}.tmp`, text, 0o640));
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(modeOf(file)).toBe('640');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('is never written through a link that somebody put in its way', () => {
    const victim = path.join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, path.join(folder, 'file.tmp'));
    writeDurably(path.join(folder, 'file'), path.join(folder, 'file.tmp'), 'text', 0o640);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(path.join(folder, 'file')).isFile()).toBe(true);
  });

  test('leaves nothing behind when it fails', () => {
    mkdirSync(path.join(folder, 'taken'));
    writeFileSync(path.join(folder, 'taken', 'inside'), '');
    expect(() => writeDurably(path.join(folder, 'taken'), path.join(folder, 'beside'), 'text', 0o640)).toThrow('EISDIR');
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});

test.each([
  [Object.assign(new Error('long text'), { code: 'ENOENT' }), 'ENOENT'],
  [new Error('words'), 'words'],
  ['thrown text', 'thrown text'],
  [{}, 'unknown error'],
])('what the system calls %p', (error, name) => expect(systemCode(error)).toBe(name));
