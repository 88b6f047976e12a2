import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LogFields, Logger } from '../../effects/logger.ts';
import { silentLogger } from '../../effects/logger.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { limits } from '../../protocol/limits.ts';
import type { SpooledRequest } from '../../protocol/local.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { homePaths, type HomePaths } from '../home/paths.ts';
import { prepareHome } from '../home/prepare.ts';
import { drainSpool, type SpoolDrain } from './drain.ts';
import { writeSpool } from './write.ts';

let home: string;
let paths: HomePaths;
let clock: ManualClock;
let drains: SpoolDrain[];

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'spool-'));
  paths = homePaths(home);
  clock = new ManualClock(Date.now());
  drains = [];
});

afterEach(async () => {
  for (const drain of drains) await drain.close();
  rmSync(home, { recursive: true });
});

const uuid = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

const request = (number: number, at = number): SpooledRequest => ({ id: uuid(number), verb: 'log', at, level: 'info', priority: 'medium', message: `message ${number}` });

const spooled = (): string[] => readdirSync(paths.spool).filter((name) => name !== 'rejected');

const reasons = (): string[] =>
  readdirSync(paths.rejected)
    .filter((name) => name.endsWith('.reason'))
    .map((name) => readFileSync(path.join(paths.rejected, name), 'utf8').trim());

/** A daemon that takes what the spool submits, and lets a test wait for what it sees. */
const daemon = (answer: (request: SpooledRequest) => Result<void> | Promise<Result<void>> = () => ok(undefined)) => {
  const seen: number[] = [];
  let changed: () => void = () => undefined;
  const note = (): void => changed();
  const logger: Logger = { ...silentLogger, info: note, warn: (_message: string, _fields?: LogFields) => note() };
  const drain = drainSpool({
    paths,
    clock,
    logger,
    submit: async (submitted) => {
      seen.push(Number(submitted.id.slice(-12)));
      note();
      const outcome = await answer(submitted);
      note();
      return outcome;
    },
  });
  drains.push(drain);
  /** Resolves when the condition holds, looked at whenever something was submitted or logged. */
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return { seen, drain, until };
};

describe('writing', () => {
  test('a request is one private file that the group may read, and nothing else is left', () => {
    expect(writeSpool(paths, request(1, 1_767_225_600_000))).toEqual(ok(undefined));
    const bytes = JSON.stringify(request(1, 1_767_225_600_000)).length + 1;
    expect(spooled()).toEqual([`001767225600000-${uuid(1)}.${bytes}.json`]);
    const file = path.join(paths.spool, spooled()[0]!);
    expect(statSync(file).size).toBe(bytes);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(request(1, 1_767_225_600_000));
    expect((statSync(file).mode & 0o777).toString(8)).toBe('640');
  });

  test('the same request again is the same file', () => {
    writeSpool(paths, request(1));
    writeSpool(paths, request(1));
    expect(spooled()).toHaveLength(1);
  });

  test('names sort by time, then by id', () => {
    for (const [number, at] of [[3, 999], [1, 10_000], [2, 10_000], [4, 1_767_225_600_000]] as const) writeSpool(paths, request(number, at));
    expect(spooled().map((name) => Number(name.slice(40, 52)))).toEqual([3, 1, 2, 4]);
  });

  test('beyond the bound on files the answer says so', () => {
    const bounds = { files: 4, bytes: 1_000_000 };
    for (const number of [1, 2, 3]) expect(writeSpool(paths, request(number), bounds).ok).toBe(true);
    // The folder for rejected files is the fourth.
    expect(writeSpool(paths, request(4), bounds)).toEqual(fail('spool_unwritable', `${paths.spool} holds 4 messages, as many as it may`));
  });

  test('beyond the bound on bytes the answer says so', () => {
    const bounds = { files: 10, bytes: 10_000 };
    expect(writeSpool(paths, { ...request(1), verb: 'log', level: 'info', priority: 'low', message: 'x'.repeat(10_000), details: undefined }, bounds)).toMatchObject({
      ok: false,
      error: { code: 'spool_unwritable' },
    });
    expect(writeSpool(paths, request(2), bounds).ok).toBe(true);
  });
});

describe('what waits is counted', () => {
  const bounds = { files: 10, bytes: 10_000 };
  const full = fail('spool_unwritable', expect.stringMatching(/ holds 10000 bytes, as many as it may$/) as unknown as string);

  test('by its size, whatever a name says: nobody can keep others from it by a file or a folder of a few bytes', () => {
    writeSpool(paths, request(1), bounds);
    writeFileSync(path.join(paths.spool, `001767225600000-${uuid(9)}.9990.json`), '');
    writeFileSync(path.join(paths.spool, 'x.99999999.json'), '');
    mkdirSync(path.join(paths.spool, `001767225600000-${uuid(8)}.99990000.json`));
    expect(writeSpool(paths, request(2), bounds)).toEqual(ok(undefined));
    writeFileSync(path.join(paths.spool, `001767225600000-${uuid(7)}.9990.json`), 'x'.repeat(9_990));
    expect(writeSpool(paths, request(3), bounds)).toEqual(full);
  });

  test('by its size where the name does not say it, as versions before this one left it', () => {
    writeSpool(paths, request(1), bounds);
    writeFileSync(path.join(paths.spool, `001767225600000-${uuid(9)}.json`), 'x'.repeat(9_990));
    expect(writeSpool(paths, request(2), bounds)).toEqual(full);
  });
});

describe('draining', () => {
  test('takes what waits, oldest first, and removes it', async () => {
    for (const number of [2, 3, 1]) writeSpool(paths, request(number));
    const { seen, until, drain } = daemon();
    await until(() => seen.length === 3);
    await drain.close();
    expect(seen).toEqual([1, 2, 3]);
    expect(spooled()).toEqual([]);
  });

  test('notices what is written while it waits', async () => {
    prepareHome(paths);
    const { seen, until } = daemon();
    writeSpool(paths, request(1));
    await until(() => seen.includes(1));
    writeSpool(paths, request(2));
    await until(() => seen.includes(2));
    expect(seen).toEqual([1, 2]);
  });

  test('looks by the clock where changes go unnoticed', async () => {
    prepareHome(paths);
    const { seen, until } = daemon();
    // The watch stays with the folder that was there first; what happens in the one put in its place it does not see.
    rmSync(paths.spool, { recursive: true });
    for (const number of [1, 2, 3]) {
      writeSpool(paths, request(number));
      const advanced = clock.advance(6000);
      await until(() => seen.includes(number));
      await advanced;
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  test('a refusal for now ends the round and keeps the order; the clock tries again', async () => {
    for (const number of [1, 2]) writeSpool(paths, request(number));
    let full = true;
    const { seen, until, drain } = daemon(() => (full ? fail('outbox_full', 'the outbox is full') : ok(undefined)));
    await until(() => seen.length > 0);
    full = false;
    await clock.advance(6000);
    await until(() => seen.includes(2));
    await drain.close();
    expect(seen.slice(seen.lastIndexOf(1))).toEqual([1, 2]);
    expect(spooled()).toEqual([]);
  });

  test('a request that can never be accepted is set aside with the daemon’s reason', async () => {
    for (const number of [1, 2]) writeSpool(paths, request(number));
    const { seen, until, drain } = daemon(({ id }) => (id === uuid(1) ? fail('message_too_large', 'it is too large') : ok(undefined)));
    await until(() => seen.includes(2));
    await drain.close();
    expect(spooled()).toEqual([]);
    expect(reasons()).toEqual(['This file was refused: it is too large (message_too_large).']);
  });

  test('what was accepted and not removed before a crash comes again under its id', async () => {
    writeSpool(paths, request(1));
    const name = spooled()[0]!;
    const first = daemon();
    await first.until(() => first.seen.length === 1);
    await first.drain.close();
    writeFileSync(path.join(paths.spool, name), JSON.stringify(request(1)));
    const second = daemon();
    await second.until(() => second.seen.length === 1);
    expect(second.seen).toEqual([1]);
  });

  test('close lets the request under way end, and submits nothing more', async () => {
    for (const number of [1, 2]) writeSpool(paths, request(number));
    let accept: (outcome: Result<void>) => void = () => undefined;
    const { seen, until, drain } = daemon(() => new Promise((resolve) => { accept = resolve; }));
    await until(() => seen.length > 0);
    const closed = drain.close();
    accept(ok(undefined));
    await closed;
    expect(seen).toEqual([1]);
    expect(spooled()).toHaveLength(1);
    expect(clock.armed).toBe(0);
  });
});

describe('what does not belong in the spool', () => {
  const put = (name: string, content: string | Uint8Array = ''): string => {
    const file = path.join(paths.spool, name);
    writeFileSync(file, content);
    return file;
  };

  /** Drains once past everything: the last name is a good request. */
  const drainAll = async (): Promise<number[]> => {
    writeSpool(paths, request(7, 999_999_999_999_999));
    const { seen, until, drain } = daemon();
    await until(() => seen.includes(7));
    await drain.close();
    return seen;
  };

  beforeEach(() => {
    prepareHome(paths);
  });

  test.each<[string, () => unknown, string | RegExp]>([
    ['not JSON', () => put('1', 'garbage'), 'This file is not JSON.'],
    ['an empty file', () => put('1'), 'This file is not JSON.'],
    ['invalid UTF-8', () => put('1', Buffer.from([0x22, 0xff, 0x22])), 'This file is not valid UTF-8.'],
    ['deep JSON', () => put('1', '['.repeat(1_000_000)), 'This file nests deeper than 64 levels.'],
    ['a request that cannot be spooled', () => put('1', JSON.stringify({ id: uuid(1), verb: 'inspect' })), /^This file is wrong at verb: /],
    ['a request with a wrong field', () => put('1', JSON.stringify({ ...request(1), level: 'loud' })), /^This file is wrong at level: /],
    ['a file that is too large', () => truncateSync(put('1'), limits.line + 1), `This file has ${limits.line + 1} bytes: at most ${limits.line} are allowed.`],
    ['a link to a request', () => symlinkSync(path.join(home, 'elsewhere'), path.join(paths.spool, '1')), 'This file is a link.'],
    ['a pipe', () => execFileSync('/usr/bin/mkfifo', [path.join(paths.spool, '1')]), 'This file is not a plain file.'],
    [
      'a second name of a file elsewhere',
      () => {
        writeFileSync(path.join(home, 'secret'), JSON.stringify(request(1)));
        linkSync(path.join(home, 'secret'), path.join(paths.spool, '1'));
      },
      'This file has a second name elsewhere.',
    ],
    ['a name of the greatest length', () => put(`1${'é'.repeat(127)}`, 'garbage'), 'This file is not JSON.'],
  ])('%s is set aside with its reason and holds up no one', async (_what, place, reason) => {
    writeFileSync(path.join(home, 'elsewhere'), JSON.stringify(request(1)));
    place();
    expect(await drainAll()).toEqual([7]);
    expect(spooled()).toEqual([]);
    expect(reasons()).toEqual([expect.stringMatching(reason)]);
    expect(readdirSync(paths.rejected)).toHaveLength(2);
  });

  test('a folder is left alone', async () => {
    mkdirSync(path.join(paths.spool, '1'));
    expect(await drainAll()).toEqual([7]);
    expect(spooled()).toEqual(['1']);
  });

  test('a file that others are still writing is not touched', async () => {
    const mine = put(`.${process.pid}.${uuid(1)}.tmp`, '{"id":');
    expect(await drainAll()).toEqual([7]);
    expect(existsSync(mine)).toBe(true);
  });

  test('a file whose writer died is removed after a while, and not before', async () => {
    const gone = spawnSync(process.execPath, ['--version']).pid;
    const old = new Date(clock.now() - 120_000);
    const files = { fresh: put(`.${gone}.${uuid(1)}.tmp`), abandoned: put(`.${gone}.${uuid(2)}.tmp`), slow: put(`.${process.pid}.${uuid(3)}.tmp`) };
    utimesSync(files.abandoned, old, old);
    utimesSync(files.slow, old, old);
    await drainAll();
    expect(Object.entries(files).filter(([, file]) => existsSync(file)).map(([name]) => name)).toEqual(['fresh', 'slow']);
  });

  test('only the newest rejected files are kept', async () => {
    for (let number = 0; number < 150; number += 1) put(`${1000 + number}`, 'garbage');
    await drainAll();
    const kept = readdirSync(paths.rejected);
    expect(kept).toHaveLength(200);
    expect(kept).toContain('1149');
    expect(kept).not.toContain('1000');
  });
});
