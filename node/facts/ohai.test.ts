import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../effects/clock.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { recordLog, type RecordedLog } from '../../effects/testing/recorded-log.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { createOhai, type OhaiOptions } from './ohai.ts';

let folder: string;
let log: RecordedLog;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-ohai-'));
  mkdirSync(path.join(folder, 'bin'));
  log = recordLog();
});
afterEach(() => rmSync(folder, { recursive: true }));

const install = (script: string): void => {
  const file = path.join(folder, 'bin', 'ohai');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
};

const ohai = (more: Partial<OhaiOptions> = {}) => createOhai({ searchPath: `${path.join(folder, 'bin')}:/usr/bin:/bin`, folder, clock: systemClock, logger: log.logger, ...more });

const runs = (): number => (existsSync(path.join(folder, 'runs')) ? readFileSync(path.join(folder, 'runs'), 'utf8').length : 0);
const counting = (): string => `printf x >> ${path.join(folder, 'runs')}`;

describe('ohai', () => {
  test('that is not installed tells nothing, and that is nothing to complain of', async () => {
    // The machine may have one of its own.
    const asked = ohai({ searchPath: path.join(folder, 'bin') });
    expect(await asked.ask(undefined)).toEqual({});
    expect(log.lines).toEqual([]);
    install('echo \'{"platform": "debian"}\'');
    expect(await asked.ask(undefined)).toEqual({ platform: 'debian' });
  });

  test('tells a tree, also after lines of its log', async () => {
    install('echo "[2026-01-01] WARN: {x}"\necho \'{\n  "cpu": {"total": 4}\n}\'');
    const asked = ohai();
    const heard: string[] = [];
    asked.onChange(() => heard.push(JSON.stringify(asked.tree())));
    expect(await asked.ask(undefined)).toEqual({ cpu: { total: 4 } });
    expect(heard).toEqual(['{"cpu":{"total":4}}']);
  });

  test('asks no cloud, knows no proxy, and sees nothing of the environment', async () => {
    process.env['JETPACK_TEST_SECRET'] = 's3cret';
    try {
      install('env > "$HOME/env"\necho "$@" > "$HOME/arguments"\necho "{}"');
      await ohai().ask(undefined);
    } finally {
      delete process.env['JETPACK_TEST_SECRET'];
    }
    expect(readFileSync(path.join(folder, 'env'), 'utf8')).not.toMatch(/s3cret|proxy/i);
    expect(readFileSync(path.join(folder, 'arguments'), 'utf8')).toBe(`-c ${path.join(folder, 'ohai.rb')}\n`);
    expect(readFileSync(path.join(folder, 'ohai.rb'), 'utf8')).toMatch(/^ohai\.disabled_plugins = \[ .*:Azure, .*:EC2, .*:GCE, .*:Openstack, .* \]$/m);
  });

  test('is run once at the start, and every few hours, and only one at a time', async () => {
    install(`${counting()}\necho '{"run": true}'`);
    const clock = new ManualClock();
    const asked = ohai({ clock });
    await Promise.all([asked.ask(undefined), asked.ask(undefined)]);
    await clock.advance(5 * 3_600_000);
    expect(await asked.ask(undefined)).toEqual({ run: true });
    expect(runs()).toBe(1);
    await clock.advance(3_600_000);
    await asked.ask(undefined);
    expect(runs()).toBe(2);
  });

  test.each([
    ['ends with a failure', 'echo "{}"; exit 3', /ended with code 3$/],
    ['tells no JSON', 'echo "{ no"', /tells what is not JSON$/],
    ['tells nothing', 'true', /tells nothing$/],
    ['tells too much', 'while :; do echo "{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; done', /tells more than 100000 bytes$/],
    ['is killed', 'kill -9 $$', /ended with SIGKILL$/],
  ])('that %s is one line, and leaves what it told before', async (_what, script, line) => {
    install('echo \'{"before": 1}\'');
    const clock = new ManualClock();
    const asked = ohai({ clock, mostBytes: 100_000 });
    await asked.ask(undefined);
    install(script);
    await clock.advance(6 * 3_600_000);
    expect(await asked.ask(undefined)).toEqual({ before: 1 });
    expect(log.lines).toEqual([expect.stringMatching(line)]);
  });

  test('that cannot be started is one line', async () => {
    writeFileSync(path.join(folder, 'bin', 'ohai'), '#!/nowhere\n');
    chmodSync(path.join(folder, 'bin', 'ohai'), 0o755);
    expect(await ohai().ask(undefined)).toEqual({});
    expect(log.lines).toEqual([expect.stringMatching(/cannot be started \(ENOENT\)$/)]);
  });

  test('that hangs is ended in time, with what it began', async () => {
    const pid = path.join(folder, 'pid');
    install(`sleep 600 & echo $! > ${pid}\nwait`);
    expect(await ohai({ patienceMs: 1_000 }).ask(undefined)).toEqual({});
    expect(log.lines).toEqual([expect.stringMatching(/did not end within 1 s$/)]);
    const child = Number(readFileSync(pid, 'utf8'));
    await waitFor('its child to be gone', () => !existsSync(`/proc/${child}`) || readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z '));
  });

  test('is ended when who asked no longer waits, and that is nothing to complain of', async () => {
    install(`${counting()}\nsleep 600`);
    const over = new AbortController();
    const asking = ohai().ask(over.signal);
    await waitFor('it to run', () => runs() === 1);
    over.abort();
    expect(await asking).toEqual({});
    expect(log.lines).toEqual([]);
  });
});
