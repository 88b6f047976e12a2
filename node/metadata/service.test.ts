import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '../../effects/manual-clock.ts';
import { lasts } from '../../effects/testing/lasts.ts';
import { MetadataService } from './service.ts';
import { FakeCloud, effort, inTurn, json, notFound, reach, reset, silence, status, type Answering } from './testing/fake-cloud.ts';

let cloud: FakeCloud;
beforeEach(async () => {
  cloud = await FakeCloud.open();
});
afterEach(() => cloud.close());

const question = { path: '/x', headers: {} };

const outcome = async (...answers: readonly Answering[]): Promise<string> => {
  cloud.answer = inTurn(...answers);
  const answer = await new MetadataService(cloud.address, reach()).ask(question);
  return answer.ok ? answer.value.body.toString() : answer.error;
};

test.each([404, 410, 429, 500, 502, 503])('%i is asked again, and may be over', async (code) => {
  expect(await outcome(status(code), json('yes'))).toBe('yes');
  expect(cloud.asked).toHaveLength(2);
});

test('a reset is asked again', async () => {
  expect(await outcome(reset, json('yes'))).toBe('yes');
});

test.each([301, 400, 401, 403])('%i is not: it will not be otherwise', async (code) => {
  expect(await outcome(status(code), json('yes'))).toBe(`answers GET /x with ${code}`);
  expect(cloud.asked).toHaveLength(1);
});

test('after so many attempts it is over, with the last reason', async () => {
  expect(await outcome(status(500), reset, status(429))).toBe('answers GET /x with 429');
  expect(cloud.asked).toHaveLength(3);
});

test('a service that says when is not asked before', async () => {
  cloud.answer = inTurn(status(429, { 'retry-after': '7' }), json('yes'));
  const clock = new ManualClock();
  const answer = new MetadataService(cloud.address, reach({ clock, effort: { ...effort, limits: { ...effort.limits, connectMs: 60_000, answerMs: 60_000 } } })).ask(question);
  const took = await lasts(clock, answer);
  expect(await answer).toMatchObject({ ok: true });
  expect(took).toBeGreaterThanOrEqual(7_000);
});

test.each(['Wed, 21 Oct 2026 07:28:00 GMT', '-5', '9999999', 'soon'])('a time of %j is none', async (when) => {
  expect(await outcome(status(503, { 'retry-after': when }), json('yes'))).toBe('yes');
});

test('the pauses grow, and who no longer waits ends them', async () => {
  cloud.answer = status(500);
  const clock = new ManualClock();
  const over = new AbortController();
  const slow = { ...effort, attempts: 100, firstPauseMs: 1_000, longestPauseMs: 60_000, limits: { ...effort.limits, connectMs: 600_000, answerMs: 600_000 } };
  const answer = new MetadataService(cloud.address, reach({ clock, effort: slow, signal: over.signal, random: { next: () => 0.99, bytes: () => new Uint8Array() } })).ask(question);
  const at: number[] = [];
  while (at.length < 4) {
    await clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
    if (cloud.asked.length > at.length) at.push(clock.monotonic());
  }
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  expect(gaps[1]! > gaps[0]! && gaps[2]! > gaps[1]!).toBe(true);
  over.abort();
  expect(await answer).toMatchObject({ ok: false });
  expect(clock.armed).toBe(0);
});

test('a name that is not there is no text, and is not asked for again', async () => {
  cloud.answer = notFound;
  const service = new MetadataService(cloud.address, reach());
  expect(await service.text(question)).toEqual({ ok: true, value: undefined });
  expect(cloud.asked).toHaveLength(1);
});

test('a service that hangs costs its attempts, each its time', async () => {
  cloud.answer = silence;
  const quick = { ...effort, limits: { ...effort.limits, answerMs: 20 } };
  expect(await new MetadataService(cloud.address, reach({ effort: quick })).ask(question)).toEqual({ ok: false, error: 'does not answer within 20 ms' });
  expect(cloud.asked.length).toBeLessThanOrEqual(3);
});
