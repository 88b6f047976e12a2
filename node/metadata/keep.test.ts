import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import type { Failure } from '../../protocol/result.ts';
import { cacheFile, readCache, writeCache } from './cache.ts';
import type { Found } from './find.ts';
import { keepMetadata, type KeptMetadata } from './keep.ts';
import type { Metadata, SourceName } from './metadata.ts';
import type { Instance } from './resolve.ts';

const machine = { id: 'dmi-1', isHardware: true, bootId: 'boot-1' };
const metadata = (instanceId: string, tags = ''): Metadata => ({ source: 'azure', instanceId, tree: { azure: { metadata: { compute: { tags } } } } });
const instance: Instance = { id: 'vm-1', from: 'cloud', knownAs: ['dmi-1'], metadata: metadata('vm-1'), isFresh: false };

let run: string;
let clock: ManualClock;
let kept: KeptMetadata | undefined;
beforeEach(() => {
  run = mkdtempSync(path.join(tmpdir(), 'jetpack-keep-'));
  clock = new ManualClock();
});
afterEach(async () => {
  await kept?.close();
  kept = undefined;
  rmSync(run, { recursive: true });
});

/** What the cloud says, one look after another; the last one for ever. */
const begin = (of: Instance, answers: ReadonlyArray<Metadata | string>, ...sources: readonly SourceName[]) => {
  const log = recordLog();
  const looks: number[] = [];
  const find = async (signal?: AbortSignal): Promise<Found> => {
    const answer = answers[Math.min(looks.length, answers.length - 1)];
    looks.push(clock.monotonic());
    if (signal?.aborted === true || answer === undefined) return { metadata: undefined, reasons: [] };
    return typeof answer === 'string' ? { metadata: undefined, reasons: [answer] } : { metadata: answer, reasons: [] };
  };
  const changes: string[] = [];
  const told: Failure[] = [];
  kept = keepMetadata({ instance: of, finder: { sources: (sources.length === 0 ? (['azure'] as const) : sources).map((name) => ({ name })), find }, machine, run, clock, random: seededRandom(1), logger: log.logger });
  const keeper = kept;
  keeper.onChange(() => changes.push(JSON.stringify(keeper.tree())));
  void keeper.replaced.then((failure) => told.push(failure));
  return { keeper, log, looks, changes, told };
};

const pass = async (ms: number): Promise<void> => {
  // What only waits for a turn comes before time goes on.
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
};

const hour = 3_600_000;

describe('what the cloud says', () => {
  test('is there at once from the last time, and asked for in the background', async () => {
    const { changes, keeper, looks } = begin(instance, [metadata('vm-1', 'new')]);
    expect(keeper.tree()).toEqual(metadata('vm-1').tree);
    await pass(0);
    expect(looks).toEqual([0]);
    expect(changes).toEqual([JSON.stringify(metadata('vm-1', 'new').tree)]);
  });

  test('is kept for the next start, for the daemon alone, with the names of this machine', async () => {
    begin(instance, [metadata('vm-1', 'new')]);
    await pass(0);
    expect(readCache(run)).toEqual({ metadata: metadata('vm-1', 'new'), knownAs: ['dmi-1'], machine: { id: 'dmi-1', bootId: 'boot-1' }, at: clock.now() });
    expect(lstatSync(cacheFile(run)).mode & 0o777).toBe(0o600);
  });

  test('just now is not asked for again for an hour, more or less', async () => {
    const { looks } = begin({ ...instance, isFresh: true }, [metadata('vm-1')]);
    await pass(0.75 * hour);
    expect(looks).toEqual([]);
    expect(readCache(run)?.metadata).toEqual(metadata('vm-1'));
    await pass(0.5 * hour);
    expect(looks).toHaveLength(1);
  });

  test('that does not change tells nobody', async () => {
    const { changes, looks } = begin(instance, [metadata('vm-1')]);
    await pass(5 * hour);
    expect(looks.length).toBeGreaterThan(3);
    expect(changes).toEqual([]);
  });

  test('is told no more to who no longer listens', async () => {
    const { keeper } = begin(instance, [metadata('vm-1'), metadata('vm-1', 'new')]);
    const heard: string[] = [];
    keeper.onChange(() => heard.push('x'))();
    await pass(2 * hour);
    expect(keeper.tree()).toEqual(metadata('vm-1', 'new').tree);
    expect(heard).toEqual([]);
  });
});

describe('a cloud that does not answer', () => {
  test('is asked again after growing pauses of five minutes at most, and complained of once for each reason', async () => {
    const { log, looks } = begin({ ...instance, metadata: undefined }, ['azure answers 429', 'azure answers 429', 'azure answers 429', 'azure cannot be reached']);
    await pass(hour);
    const gaps = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(gaps[0]).toBeLessThan(13_000);
    expect(Math.max(...gaps)).toBeLessThan(361_000);
    expect(gaps.at(-1)).toBeGreaterThan(239_000);
    expect(log.lines).toEqual([
      "warn: the cloud's metadata cannot be had, and is asked for again: azure answers 429",
      "warn: the cloud's metadata cannot be had, and is asked for again: azure cannot be reached",
    ]);
  });

  test('leaves what it said before as it was', async () => {
    const { changes, keeper } = begin(instance, ['azure answers 500']);
    await pass(hour);
    expect(keeper.tree()).toEqual(metadata('vm-1').tree);
    expect(changes).toEqual([]);
  });

  test('is nothing to complain of where there is none', async () => {
    const { log } = begin({ ...instance, from: 'machine', id: 'dmi-1', metadata: undefined }, ['nocloud has no meta-data'], 'nocloud');
    await pass(hour);
    expect(log.lines).toEqual([]);
  });
});

describe('another instance id', () => {
  test('than the daemon began with is another machine: it must begin anew, and knows who it is then', async () => {
    const { keeper, looks, told } = begin(instance, [metadata('vm-1'), metadata('vm-2')]);
    await pass(2 * hour);
    const line = 'this machine is instance vm-2 now, and jetpackd began as instance vm-1: it starts again, with fresh state';
    expect(told).toEqual([{ code: 'instance_changed', message: line }]);
    expect(readCache(run)).toMatchObject({ metadata: { instanceId: 'vm-2' }, knownAs: [] });
    const asked = looks.length;
    await pass(5 * hour);
    expect(looks).toHaveLength(asked);
    await keeper.close();
  });

  test('than the machine\'s own is its name from the next start on, and what was kept until then stays its own', async () => {
    const { log, told } = begin({ id: 'machine-1', from: 'machine', knownAs: [], metadata: undefined, isFresh: false }, ['azure does not answer', metadata('vm-1'), metadata('vm-1')]);
    await pass(3 * hour);
    expect(told).toEqual([]);
    expect(readCache(run)).toMatchObject({ metadata: { instanceId: 'vm-1' }, knownAs: ['machine-1'] });
    expect(log.lines.filter((line) => line.startsWith('info'))).toEqual(['info: the cloud says that this is instance vm-1: jetpackd goes by that id from its next start on']);
  });

  test('than the one that was given changes nothing', async () => {
    const { told } = begin({ ...instance, id: 'given', from: 'option', knownAs: [] }, [metadata('vm-1')]);
    await pass(hour);
    expect(told).toEqual([]);
    expect(readCache(run)?.knownAs).toEqual([]);
  });
});

describe('a source that stands behind the one that said which instance this is', () => {
  const seed: Metadata = { source: 'nocloud', instanceId: 'iid-x', tree: { nocloud: {} } };

  test('and says another, while that one does not answer, is not believed: what was known stays, also for the next start', async () => {
    const { changes, keeper, log, looks, told } = begin(instance, [metadata('vm-1'), seed], 'azure', 'nocloud');
    await pass(2 * hour);
    expect([told, changes]).toEqual([[], []]);
    expect(keeper.tree()).toEqual(metadata('vm-1').tree);
    expect(readCache(run)?.metadata).toEqual(metadata('vm-1'));
    expect(log.lines).toEqual(["warn: the cloud's metadata cannot be had, and is asked for again: nocloud says that this is instance iid-x, and azure, which stands before it, said vm-1"]);
    // It is asked again as after no answer.
    expect(looks.length).toBeGreaterThan(5);
  });

  test('and says the same is as good as that one', async () => {
    const { changes, told } = begin(instance, [metadata('vm-1'), { ...seed, instanceId: 'vm-1' }], 'azure', 'nocloud');
    await pass(2 * hour);
    expect(told).toEqual([]);
    expect(changes).toEqual([JSON.stringify(seed.tree)]);
  });

  test('and names no machine is not taken for it', async () => {
    const { keeper } = begin(instance, [{ source: 'nocloud', tree: { nocloud: {} } }], 'azure', 'nocloud');
    await pass(hour);
    expect(keeper.tree()).toEqual(metadata('vm-1').tree);
  });

  test('is not taken either by a machine that still goes by its own id', async () => {
    const { told } = begin({ id: 'machine-1', from: 'machine', knownAs: [], metadata: undefined, isFresh: false }, [metadata('vm-1'), seed], 'azure', 'nocloud');
    await pass(2 * hour);
    expect(told).toEqual([]);
    expect(readCache(run)).toMatchObject({ metadata: { source: 'azure', instanceId: 'vm-1' }, knownAs: ['machine-1'] });
  });

  test('gives way to one before it: what that one says is the machine', async () => {
    const { told } = begin({ ...instance, id: 'iid-x', metadata: seed }, [metadata('vm-1')], 'azure', 'nocloud');
    await pass(0);
    expect(told).toMatchObject([{ code: 'instance_changed' }]);
  });
});

test('a disk that cannot be written is a warning, and what the cloud says counts all the same', async () => {
  mkdirSync(`${cacheFile(run)}.new`);
  writeFileSync(path.join(`${cacheFile(run)}.new`, 'in the way'), '');
  const { keeper, log } = begin(instance, [metadata('vm-1', 'new')]);
  await pass(0);
  expect(keeper.tree()).toEqual(metadata('vm-1', 'new').tree);
  expect(log.lines).toEqual([expect.stringMatching(/^warn: the cloud's metadata cannot be kept for the next start \(E\w+\)$/)]);
});

test('where there is nothing to ask no clock runs', async () => {
  kept = keepMetadata({ instance, finder: { sources: [], find: async () => ({ metadata: undefined, reasons: [] }) }, machine, run, clock, random: seededRandom(1), logger: recordLog().logger });
  expect(clock.armed).toBe(0);
  await kept.close();
});

test('closing leaves no clock running', async () => {
  const { keeper } = begin(instance, [metadata('vm-1')]);
  await pass(0);
  await keeper.close();
  expect(clock.armed).toBe(0);
});

describe('run/metadata.json', () => {
  const cached = { metadata: { source: 'gce', instanceId: '5413512329871296513', tree: { gce: { a: null } } }, knownAs: ['x'], machine: { id: 'm', bootId: 'b' }, at: 5 } as const;

  test('comes back as it was written', () => {
    writeCache(run, cached);
    expect(readCache(run)).toEqual(cached);
  });

  test('keeps numbers as the cloud wrote them', () => {
    writeCache(run, cached);
    writeFileSync(cacheFile(run), readFileSync(cacheFile(run), 'utf8').replace('"a":null', '"a":12345678901234567890'));
    expect(JSON.stringify(readCache(run)?.metadata.tree)).toBe('{"gce":{"a":12345678901234567890}}');
  });

  test.each(['', '{', '[]', '{"version":2}', '{"version":1,"source":"azure"}', '{"version":1,"source":"other","machine":"m","bootId":"b","tree":{}}', '{"version":1,"source":"azure","machine":"m","bootId":"b","tree":[]}'])('%j is none', (text) => {
    writeFileSync(cacheFile(run), text);
    expect(readCache(run)).toBeUndefined();
  });
});
