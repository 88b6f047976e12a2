// What is said of a node from the files that a daemon leaves, as its own parts write them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LastKnown } from '../commands/host.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { seededRandom, uuid7 } from '../effects/random.ts';
import { ok, type Result } from '../protocol/result.ts';
import { temporaryFolder, type TemporaryFolder } from '../storage/testing/temporary-folder.ts';
import { createKeepaliveFile } from './keepalive/keepalive-file.ts';
import { homePaths, type HomePaths } from './home/paths.ts';
import { lastKnown } from './last-known.ts';
import { openOutbox } from './outbox/outbox.ts';
import { openState } from './state/state.ts';

const clock = new ManualClock();
const owner = { cluster: 'lab', node: 'n1', instanceId: 'i-1' };
const parts: readonly LastKnown[] = ['keepalive', 'health', 'converge', 'outbox', 'spool'];

let folder: TemporaryFolder;
let paths: HomePaths;

beforeEach(async () => {
  folder = await temporaryFolder();
  paths = homePaths(folder.at('home'));
  mkdirSync(paths.run, { recursive: true });
});
afterEach(async () => folder[Symbol.asyncDispose]());

const known = (part: LastKnown): Result<unknown> => lastKnown(paths.home, part, clock);

const opened = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

const remember = async (changes: Readonly<Record<string, unknown>>): Promise<void> => {
  const { state } = opened(openState(paths.state, owner, clock));
  await state.change(Object.entries(changes).map(([key, value]) => ({ key, value: JSON.parse(JSON.stringify(value)) })));
  await state.close();
};

describe('of a keepalive', () => {
  test('that holds, how long it still does', async () => {
    const file = createKeepaliveFile(paths.run);
    const expiresAt = (Math.floor(clock.now() / 1_000) + 90) * 1_000;
    await file.write({ holds: true, expiresAt, reason: 'a crash' });
    expect(known('keepalive')).toEqual(ok({ holds: true, expiresAt, remainingMs: expiresAt - clock.now(), reason: 'a crash' }));
    await file.write({ holds: true });
    expect(known('keepalive')).toEqual(ok({ holds: true }));
  });

  test('that has ended meanwhile, or never was, that it does not hold', async () => {
    expect(known('keepalive')).toEqual(ok({ holds: false }));
    await createKeepaliveFile(paths.run).write({ holds: true, expiresAt: clock.now() - 1_000 });
    expect(known('keepalive')).toEqual(ok({ holds: false }));
  });

  test('nothing, where somebody else wrote the file', () => {
    writeFileSync(path.join(paths.run, 'node.keepalive'), 'forever\n');
    expect(known('keepalive')).toMatchObject({ ok: false, error: { code: 'file_unreadable', message: expect.stringContaining('is not what jetpackd writes') } });
  });
});

test('of health, what checks found and what somebody set, and a request that stands', async () => {
  const set = { status: 'Warning', since: 2, at: 2, ids: [] };
  await remember({ 'check/gpu': { status: 'Error', message: 'lost', since: 1 }, 'condition/disk': set, 'termination/gpu': { request: 'r', reason: 'lost' } });
  const conditions = [{ name: 'disk', status: 'Warning', since: 2 }, { name: 'gpu', status: 'Error', message: 'lost', since: 1 }];
  expect(known('health')).toEqual(ok({ conditions, running: false, termination: { check: 'gpu', request: 'r', reason: 'lost' } }));
});

test('of the last converge, how it ended; one that was under way is interrupted', async () => {
  await remember({});
  expect(known('converge')).toEqual(ok({}));
  const last = { run: '01938a5e-0000-7000-8000-000000000000', trigger: 'boot', outcome: 'succeeded', done: 3, total: 3, rerunScripts: false, startedAt: 1, endedAt: 2 };
  await remember({ 'converge/last': last });
  expect(known('converge')).toMatchObject(ok({ last }));
  await remember({ 'converge/last': { ...last, outcome: 'running', done: 1 } });
  expect(known('converge')).toMatchObject(ok({ last: { outcome: 'interrupted', done: 1 } }));
});

test('of messages, how many wait in the outbox and in the spool', async () => {
  const random = seededRandom(1);
  const { outbox } = opened(openOutbox(paths.outbox, owner, { clock, random, deletionWaitMs: 0 }));
  const entry = () => ({ id: uuid7(clock.now(), random), lane: 'report', priority: 'high', payload: '1', repeatable: false }) as const;
  opened(await outbox.append([entry(), entry(), entry()]));
  await outbox.close();
  expect(known('outbox')).toEqual(ok(3));
  expect(known('spool')).toEqual(ok(0));
  mkdirSync(paths.rejected, { recursive: true });
  for (const name of ['1.json', '2.json', '3.json.tmp']) writeFileSync(path.join(paths.spool, name), '{}');
  expect(known('spool')).toEqual(ok(2));
});

test('of a home without a node, and of files that are in use, nothing', async () => {
  const { state } = opened(openState(paths.state, owner, clock));
  expect(known('health')).toMatchObject({ ok: false, error: { code: 'file_unreadable', message: expect.stringContaining(`${paths.state} is in use, and only jetpackd could tell`) } });
  await state.close();
  rmSync(paths.run, { recursive: true });
  for (const part of parts.filter((each) => each !== 'spool')) expect([part, known(part)]).toMatchObject([part, { ok: false, error: { code: 'file_unreadable' } }]);
});
