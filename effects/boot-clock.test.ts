import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createBootClock, systemBootClock } from './boot-clock.ts';
import { ManualBootClock } from './manual-boot-clock.ts';
import { ManualClock } from './manual-clock.ts';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(path.join(tmpdir(), 'jetpack-proc-'));
  mkdirSync(path.join(proc, 'sys/kernel/random'), { recursive: true });
  mkdirSync(path.join(proc, '1'));
});
afterEach(() => rmSync(proc, { recursive: true }));

const kernel = '4cccd8f7-9a12-4bf4-8e55-98240b54e56c';

/** As the kernel tells it, of a kernel that has run for so many seconds and a process 1 that was started after so many. */
const tell = (upS: number, startedS: number, program = 'init') => {
  writeFileSync(path.join(proc, 'sys/kernel/random/boot_id'), `${kernel}\n`);
  writeFileSync(path.join(proc, '1/stat'), `1 (${program}) S 0 1 1 0 -1 4194560 2042 0 0 0 0 1 0 0 20 0 1 0 ${startedS * 100} 2564096 352 18446744073709551615 1\n`);
  const clock = createBootClock({ proc, uptime: () => upS });
  return { id: clock.bootId(), sinceBoot: clock.sinceBoot(), sinceBegun: clock.sinceBegun() };
};

describe('a boot', () => {
  test('has one name, however long it lasts', () => {
    const { id } = tell(60, 1);
    expect(tell(90, 1)).toEqual({ id, sinceBoot: 90_000, sinceBegun: 89_000 });
    expect(id).toContain(kernel);
  });

  test('of a container is another when the container begins anew, though its kernel and what counts since then go on', () => {
    const { id } = tell(40_106, 40_104);
    const after = tell(40_111, 40_109);
    expect(after).toMatchObject({ sinceBoot: 40_111_000, sinceBegun: 2_000 });
    expect(after.id).not.toBe(id);
  });

  test('is known whatever process 1 is called', () => {
    expect(tell(60, 1, 'a b) S (c')).toEqual(tell(60, 1));
  });

  test('is the kernel\'s where process 1 may not be looked at', () => {
    tell(60, 1);
    rmSync(path.join(proc, '1/stat'));
    const clock = createBootClock({ proc, uptime: () => 60 });
    expect([clock.bootId(), clock.sinceBegun()]).toEqual([kernel, 60_000]);
  });

  test('counts from its own beginning where the container has an uptime of its own', () => {
    expect(tell(5, 40_104)).toMatchObject({ sinceBoot: 5_000, sinceBegun: 5_000 });
  });

  test('is each start of the process where there is no such kernel', () => {
    const none = () => createBootClock({ proc: path.join(proc, 'none'), uptime: () => 60 });
    expect(none().bootId()).toMatch(/^process-\d+-\d+$/);
    expect(none().bootId()).toBe(none().bootId());
  });

  test('of this machine lasts', () => {
    expect(systemBootClock.bootId()).toBe(systemBootClock.bootId());
    expect(systemBootClock.sinceBegun()).toBeGreaterThan(0);
    expect(systemBootClock.sinceBegun()).toBeLessThanOrEqual(systemBootClock.sinceBoot() + 1_000);
  });
});

test('the one of tests does as the machine does when a container begins anew', async () => {
  const clock = new ManualClock();
  const boot = new ManualBootClock(clock);
  await clock.advance(60_000);
  const id = boot.bootId();
  boot.restartContainer(5_000);
  await clock.advance(2_000);
  expect([boot.sinceBoot(), boot.sinceBegun()]).toEqual([67_000, 2_000]);
  expect(boot.bootId()).not.toBe(id);
});
