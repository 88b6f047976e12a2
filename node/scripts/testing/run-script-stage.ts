// What the tests of run script share.
import { afterEach, beforeEach } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ScriptJob, ScriptResult } from '../../../actors/node/scripts.ts';
import { systemClock } from '../../../effects/clock.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { waitFor } from '../../../effects/testing/wait-for.ts';
import { createScriptRunner } from '../run-script.ts';

export let folder: string;

const secret = 'amqp://node:hunter2@broker';

export const daemonEnv = { PATH: process.env['PATH'], HOME: '/root', LC_ALL: 'C.UTF-8', TZ: 'UTC', HTTPS_PROXY: 'http://proxy', JETPACK_AMQP_URL: secret, NODE_OPTIONS: '' };

export const put = (name: string, content: string | Uint8Array, mode = 0o755): string => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
};

export const bash = (body: string, name = 'script.sh'): string => put(name, `#!/bin/bash\n${body}\n`);

export const runner = createScriptRunner({ clock: systemClock, logger: recordLog().logger, env: daemonEnv, graceMs: 300 });

export const jobOf = (file: string, more: Partial<ScriptJob> = {}): ScriptJob => ({ id: randomUUID(), file, cwd: folder, env: {}, timeoutMs: 30_000, keepsBackground: false, ...more });

export const run = (file: string, more: Partial<ScriptJob> = {}): Promise<ScriptResult> => runner.run(jobOf(file, more));

/** A number that a script leaves in a file. */
export const numberIn = (name: string): Promise<number> =>
  waitFor(name, () => {
    const file = path.join(folder, name);
    return existsSync(file) && readFileSync(file, 'utf8').endsWith('\n') && Number(readFileSync(file, 'utf8'));
  });

/** For each test of the file that calls it. */
export const useRunScriptStage = (): void => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'scripts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
};
