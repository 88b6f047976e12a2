import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pause, systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { lasts } from '../../effects/testing/lasts.ts';
import { ok } from '../../protocol/result.ts';
import { createFinder, type FinderOptions } from './find.ts';
import { FakeCloud, effort, json, silence, status, type Answering } from './testing/fake-cloud.ts';
import { azureSample, gceSample } from './testing/samples.ts';

let cloud: FakeCloud;
let folder: string;
beforeEach(async () => {
  cloud = await FakeCloud.open();
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-find-'));
});
afterEach(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true });
});

const finder = (options: Pick<FinderOptions, 'plan'> & Partial<FinderOptions>) => createFinder({ effort, clock: systemClock, random: seededRandom(1), logger: silentLogger, ...options });

const seed = (id: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'meta-data'), `instance-id: ${id}\n`);
  writeFileSync(path.join(folder, 'user-data'), '');
};

describe('of a list', () => {
  test('the first that answers as it should is taken, and the reasons of those before it are kept', async () => {
    seed('iid-1');
    cloud.answer = (request, response) => (request.url?.startsWith('/computeMetadata') === true ? json(gceSample, { 'metadata-flavor': 'Google' }) : status(400))(request, response);
    const place = cloud.address;
    const found = await finder({ plan: [{ name: 'azure', place }, { name: 'gce', place }, { name: 'nocloud', place: folder }] }).find();
    expect(found.metadata?.source).toBe('gce');
    expect(found.reasons).toEqual(['azure answers GET /metadata/instance with 400']);
  });

  test('what stands first wins, though another would answer too', async () => {
    seed('iid-1');
    cloud.answer = json(azureSample);
    const found = await finder({ plan: [{ name: 'nocloud', place: folder }, { name: 'azure', place: cloud.address }] }).find();
    expect(found).toMatchObject({ metadata: { source: 'nocloud', instanceId: 'iid-1' }, reasons: [] });
    expect(cloud.asked).toEqual([]);
  });

  test('none may answer', async () => {
    const found = await finder({ plan: [{ name: 'configdrive', place: folder }, { name: 'openstack', place: cloud.address }] }).find();
    expect(found.metadata).toBeUndefined();
    expect(found.reasons).toHaveLength(2);
  });
});

test('none asks nobody', async () => {
  const none = finder({ plan: 'none', candidates: () => [{ name: 'azure', place: cloud.address }] });
  expect(none.sources).toEqual([]);
  expect(await none.find()).toEqual({ metadata: undefined, reasons: [] });
  expect(cloud.asked).toEqual([]);
});

test('auto asks what the machine looks like, and nothing else', async () => {
  cloud.answer = json(azureSample);
  const found = await finder({ plan: 'auto', candidates: () => [{ name: 'azure', place: cloud.address }] }).find();
  expect(found.metadata?.instanceId).toBe(azureSample.compute.vmId);
  expect(cloud.asked).toHaveLength(1);
});

test('all of it together takes no longer than its bound, whatever hangs', async () => {
  cloud.answer = silence;
  const clock = new ManualClock();
  const place = cloud.address;
  const patient = { ...effort, attempts: 100, limits: { connectMs: 60_000, answerMs: 60_000, bytes: 1_000 } };
  const finding = finder({ plan: [{ name: 'azure', place }, { name: 'ec2', place }, { name: 'gce', place }], clock, effort: patient }).find();
  expect(await lasts(clock, finding)).toBeLessThan(10_500);
  expect((await finding).metadata).toBeUndefined();
  expect(clock.armed).toBe(0);
});

describe('a source that hangs', () => {
  const patient = { ...effort, attempts: 100, limits: { connectMs: 60_000, answerMs: 60_000, bytes: 1_000 } };
  /** Silence but for questions that begin so. */
  const only = (path: string, answer: Answering): Answering => (request, response) => (request.url?.startsWith(path) === true ? answer : silence)(request, response);

  test('leaves those behind it their time: the seed of a machine whose cloud is silent is found', async () => {
    cloud.answer = silence;
    seed('iid-1');
    const clock = new ManualClock();
    const finding = finder({ plan: [{ name: 'azure', place: cloud.address }, { name: 'configdrive', place: folder }, { name: 'nocloud', place: folder }], clock, effort: patient }).find();
    expect(await lasts(clock, finding)).toBeLessThan(10_000);
    expect(await finding).toMatchObject({ metadata: { source: 'nocloud', instanceId: 'iid-1' }, reasons: ['azure has not answered within 9000 ms', expect.stringContaining('configdrive has no ')] });
    expect(clock.armed).toBe(0);
  });

  test.each([
    ['first', ['azure', 'gce', 'openstack']],
    ['first and second', ['azure', 'openstack', 'gce']],
  ] as const)('%s holds no service up for longer than its share', async (_what, names) => {
    cloud.answer = only('/computeMetadata', json(gceSample, { 'metadata-flavor': 'Google' }));
    const clock = new ManualClock();
    const finding = finder({ plan: names.map((name) => ({ name, place: cloud.address })), clock, effort: { ...patient, limits: { ...patient.limits, bytes: 65_536 } } }).find();
    expect(await lasts(clock, finding)).toBeLessThan(names.indexOf('gce') * 3_334 + 500);
    expect((await finding).metadata?.source).toBe('gce');
  });

  test('and answers late, but in its time, still comes before those behind it', async () => {
    seed('iid-1');
    const clock = new ManualClock();
    cloud.answer = (request, response) => void clock.after(8_000, () => json(azureSample)(request, response));
    const finding = finder({ plan: [{ name: 'azure', place: cloud.address }, { name: 'nocloud', place: folder }], clock, effort: { ...patient, limits: { ...patient.limits, bytes: 65_536 } } }).find();
    await lasts(clock, finding);
    expect((await finding).metadata?.source).toBe('azure');
  });

  test('because its files are on a disk that is dead takes no time from the services behind it', async () => {
    const clock = new ManualClock();
    const ask: FinderOptions['ask'] = ({ name }) => (name === 'azure' ? pause(clock, 9_000).then(() => ok({ source: name, instanceId: 'vm-1', tree: {} })) : new Promise(() => undefined));
    const finding = finder({ plan: [{ name: 'configdrive' }, { name: 'azure' }], clock, ask }).find();
    expect(await lasts(clock, finding)).toBeLessThan(10_000);
    expect(await finding).toEqual({ metadata: { source: 'azure', instanceId: 'vm-1', tree: {} }, reasons: ['configdrive has not answered within 500 ms'] });
  });
});

test('who no longer wants to know ends it', async () => {
  cloud.answer = silence;
  const over = new AbortController();
  const finding = finder({ plan: [{ name: 'azure', place: cloud.address }] }).find(over.signal);
  over.abort();
  expect(await finding).toEqual({ metadata: undefined, reasons: ['azure was given up'] });
});
