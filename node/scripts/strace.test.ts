// Scripts under the strace of this machine; where it has none, that it is missing is what is tested.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ScriptJob } from '../../actors/node/scripts.ts';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { createScriptRunner } from './run-script.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'strace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bash = (body: string): string => {
  const file = path.join(folder, 'script.sh');
  writeFileSync(file, `#!/bin/bash\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
};

const runnerWith = (searched = process.env['PATH']) => createScriptRunner({ clock: systemClock, logger: silentLogger, env: { PATH: searched }, graceMs: 300 });

const traceFile = (): string => path.join(folder, 'logs', 'script.out.strace');

const jobOf = (file: string, more: Partial<ScriptJob> = {}): ScriptJob => ({ id: randomUUID(), file, cwd: folder, env: {}, timeoutMs: 30_000, keepsBackground: true, strace: traceFile(), ...more });

const runner = runnerWith();
const installed = (await runner.mayTrace()).ok;

const tracedScripts = (): void => {
  test('ends as it does without, and its system calls and those of what it starts are in a file for root alone', async () => {
    const result = await runner.run(jobOf(bash('cat script.sh > copy; echo said; exit 3'), { output: path.join(folder, 'script.out') }));
    expect(result).toMatchObject({ ending: { type: 'exited', code: 3 }, tail: 'said', warnings: [] });
    const calls = readFileSync(traceFile(), 'utf8');
    expect(calls).toMatch(/execve\("[^"]*bash", /);
    expect(calls).toMatch(/"script\.sh", O_RDONLY/);
    expect(calls).toContain('+++ exited with 3 +++');
    expect(statSync(traceFile()).mode & 0o777).toBe(0o600);
  });

  test('that a signal ends, and one whose time is up, end so', async () => {
    expect(await runner.run(jobOf(bash('kill -SEGV $$')))).toMatchObject({ ending: { type: 'signalled', signal: 'SIGSEGV' } });
    expect(await runner.run(jobOf(bash('sleep 600'), { timeoutMs: 300 }))).toMatchObject({ ending: { type: 'timedOut' }, warnings: [] });
  });

  test('may leave something in the background, which holds nothing up and goes on', async () => {
    const result = await runner.run(jobOf(bash('(exec > /dev/null 2>&1; until [ -e go ]; do sleep 0.05; done; touch went) &'), { keepsBackground: true }));
    expect(result.ending).toEqual({ type: 'exited', code: 0 });
    writeFileSync(path.join(folder, 'go'), '');
    await waitFor('it goes on', () => existsSync(path.join(folder, 'went')));
  });
};

if (installed) {
  describe('a script under strace', () => {
    tracedScripts();
  });
} else test('strace is not installed here, so no script is traced', async () => expect(await runner.mayTrace()).toMatchObject({ ok: false, error: { code: 'tool_missing' } }));

describe('where strace may not trace', () => {
  test('nobody may ask for it, and why is said', async () => {
    const tools = path.join(folder, 'tools');
    mkdirSync(tools);
    writeFileSync(path.join(tools, 'strace'), '#!/bin/sh\necho "strace: attach: ptrace(PTRACE_SEIZE, 7): Operation not permitted" >&2\nexit 1\n', { mode: 0o755 });
    const refused = await runnerWith(tools).mayTrace();
    expect(refused).toEqual({ ok: false, error: { code: 'tool_missing', message: 'strace cannot trace here: strace: attach: ptrace(PTRACE_SEIZE, 7): Operation not permitted' } });
  });
});

describe('without strace on the PATH', () => {
  test('nobody may ask for it, and a script that is to be traced does not run', async () => {
    const none = path.join(folder, 'none');
    mkdirSync(none);
    const bare = runnerWith(none);
    expect(await bare.mayTrace()).toMatchObject({ ok: false, error: { code: 'tool_missing', message: expect.stringContaining('strace is not installed') } });
    expect(await bare.run(jobOf(bash('touch ran')))).toMatchObject({ ending: { type: 'unstartable', reason: 'needs strace, which is not on the PATH' } });
    expect(existsSync(path.join(folder, 'ran'))).toBe(false);
  });
});
