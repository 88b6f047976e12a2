import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { pause, systemClock } from './clock.ts';
import { ManualClock } from './manual-clock.ts';

describe("the machine's clock", () => {
  test('runs what was asked for on a later turn, also after no time', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.after(0, () => {
        order.push('timer');
        resolve();
      });
      order.push('caller');
    });
    expect(order).toEqual(['caller', 'timer']);
  });

  test('does not run what was cancelled', async () => {
    const ran: string[] = [];
    const cancel = systemClock.after(0, () => ran.push('cancelled'));
    cancel();
    await new Promise<void>((resolve) => void systemClock.after(1, resolve));
    expect(ran).toEqual([]);
  });

  test('does not take a wait too long for a timer as no wait at all', async () => {
    const ran: string[] = [];
    const cancel = systemClock.after(30 * 24 * 3_600_000, () => ran.push('too early'));
    await new Promise<void>((resolve) => void systemClock.after(5, resolve));
    cancel();
    expect(ran).toEqual([]);
  });

  test('tells the time of day, and a time that never goes back', () => {
    expect(systemClock.now()).toBeGreaterThan(Date.UTC(2025, 0, 1));
    const first = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
  });
});

describe('a clock that a test moves', () => {
  test('stands still until it is moved, and then moves both times alike', async () => {
    const clock = new ManualClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  test('a step moves the time of day alone and fires nothing', () => {
    const clock = new ManualClock(1_000);
    const fired: string[] = [];
    clock.after(10, () => fired.push('timer'));
    clock.step(-500);
    expect([clock.now(), clock.monotonic(), clock.armed, fired]).toEqual([500, 0, 1, []]);
  });

  test('tells the time of day in whole milliseconds, also to a timer that falls due between two', async () => {
    const clock = new ManualClock(1_000);
    const told: number[] = [];
    for (const ms of [0.3, 0.7, 1.9]) clock.after(ms, () => told.push(clock.now()));
    await clock.advance(2);
    expect([...told, clock.now(), clock.monotonic()]).toEqual([1_000, 1_000, 1_001, 1_002, 2]);
  });

  test('runs what falls due in order of time, then of creation, each at its own time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 30 }), async (delays) => {
        const clock = new ManualClock();
        const fired: Array<{ delay: number; index: number; at: number }> = [];
        delays.forEach((delay, index) => clock.after(delay, () => fired.push({ delay, index, at: clock.monotonic() })));
        await clock.advance(10);
        const due = delays.map((delay, index) => ({ delay, index, at: delay })).filter(({ delay }) => delay <= 10);
        expect(fired).toEqual(due.sort((a, b) => a.delay - b.delay || a.index - b.index));
        expect(clock.armed).toBe(delays.length - due.length);
      }),
    );
  });

  test('runs what a timer or a promise arms on the way, when it falls due in time', async () => {
    const clock = new ManualClock();
    const times: number[] = [];
    const again = (): void => {
      times.push(clock.monotonic());
      void Promise.resolve().then(() => clock.after(10, again));
    };
    clock.after(10, again);
    await clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
  });

  test('does not run what was cancelled', async () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const cancel = clock.after(5, () => ran.push('cancelled'));
    cancel();
    cancel();
    await clock.advance(10);
    expect([ran, clock.armed]).toEqual([[], 0]);
  });
});

describe('a pause', () => {
  test('ends when its time is over and not before', async () => {
    const clock = new ManualClock();
    const ended: number[] = [];
    const paused = pause(clock, 100).then(() => ended.push(clock.monotonic()));
    await clock.advance(99);
    expect(ended).toEqual([]);
    await clock.advance(1);
    await paused;
    expect(ended).toEqual([100]);
  });

  test('ends at once when it is aborted, and leaves neither timer nor listener', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const paused = pause(clock, 100, controller.signal);
    expect([clock.armed, getEventListeners(controller.signal, 'abort').length]).toEqual([1, 1]);
    controller.abort();
    await paused;
    expect([clock.armed, getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  });

  test('of its full length leaves no listener behind either', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const paused = pause(clock, 100, signal);
    await clock.advance(100);
    await paused;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('does not begin when it was aborted before', async () => {
    const clock = new ManualClock();
    await pause(clock, 100, AbortSignal.abort());
    expect(clock.armed).toBe(0);
  });
});
