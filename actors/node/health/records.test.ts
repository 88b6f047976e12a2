import { expect, test } from '@jest/globals';
import { ManualClock } from '../../../effects/manual-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { encodeEvent } from '../../../protocol/codec.ts';
import { limits } from '../../../protocol/limits.ts';
import type { LocalRequestOf } from '../../../protocol/local.ts';
import { ok } from '../../../protocol/result.ts';
import { newId } from '../../testing/frames.ts';
import { MemoryState } from '../testing/memory-state.ts';
import { HealthRecords } from './records.ts';

const begin = () => {
  const state = new MemoryState();
  const clock = new ManualClock();
  const log = recordLog();
  const records = new HealthRecords({ state, clock, random: seededRandom(1), logger: log.logger });
  const set = (more: Partial<LocalRequestOf<'condition'>>) =>
    records.set({ verb: 'condition', id: newId(), at: clock.now(), name: 'gpu', status: 'Error', ...more }, undefined);
  return { clock, log, set, standing: () => records.kept.setByHand().map(([name, { message, status }]) => [name, status, message]), state };
};

/** As much as a caller's trace may be, in JSON. */
const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: '"'.repeat(512) };

test.each(['message', 'description', 'details', 'recommendation'] as const)('a condition whose %s makes it too large for an event is refused, and not kept', async (field) => {
  const { set, standing, state } = begin();
  expect(await set({ [field]: 'x'.repeat(limits.event) })).toMatchObject({ ok: false, error: { code: 'message_too_large' } });
  expect([standing(), state.reports]).toEqual([[], []]);
});

test('the largest condition that is taken is one that messaging takes, whatever the trace that it comes in', async () => {
  const { set, state } = begin();
  let [fits, tooLarge] = [0, limits.event];
  while (tooLarge - fits > 1) {
    const length = Math.floor((fits + tooLarge) / 2);
    if ((await set({ name: `c${length}`, message: 'x'.repeat(length) })).ok) fits = length;
    else tooLarge = length;
  }
  expect(fits).toBeGreaterThan(limits.event - 2_048);
  for (const { event } of state.reports) expect(encodeEvent({ ...event, trace })).toMatchObject({ ok: true });
});

test('however much a condition says, the log of the daemon has one short line of it', async () => {
  const { log, set } = begin();
  expect(await set({ message: `begin\n${'x'.repeat(100_000)} end` })).toMatchObject({ ok: true });
  expect(log.lines).toEqual([expect.stringMatching(/^warn: the condition gpu is set to Error: begin x{100,300}…x{100,300} end$/)]);
});

test('a condition that is older than what stands, as one that waited in the spool may be, changes nothing and tells nothing', async () => {
  const { clock, set, standing, state } = begin();
  await clock.advance(60_000);
  await set({ status: 'OK', message: 'new' });
  const old = { id: newId(), at: clock.now() - 30_000, message: 'old' };
  for (const _again of [1, 2]) expect(await set(old)).toMatchObject({ ok: true });
  expect([standing(), state.reports.length]).toEqual([[['gpu', 'OK', 'new']], 1]);
  // Also when it stands no more.
  await set({ status: 'NA' });
  await set({ ...old, id: newId() });
  expect(standing()).toEqual([]);
});

test('a condition that is older only by a clock that was put back is taken', async () => {
  const { clock, set, standing } = begin();
  await set({ message: 'before' });
  clock.step(-3_600_000);
  expect(await set({ status: 'OK', message: 'after' })).toEqual(ok(true));
  expect(standing()).toEqual([['gpu', 'OK', 'after']]);
});
