import { describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ScriptJob, ScriptResult } from '../../actors/node/scripts.ts';
import { systemClock, type Clock } from '../../effects/clock.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { findProcesses } from './processes.ts';
import { createScriptRunner } from './run-script.ts';
import { bash, daemonEnv, folder, jobOf, numberIn, put, run, runner, useRunScriptStage } from './testing/run-script-stage.ts';

useRunScriptStage();

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Runs a job whose time is up as soon as it has left a number in each of these files. */
const runOut = async (job: ScriptJob, ...names: readonly string[]): Promise<{ readonly result: ScriptResult; readonly numbers: readonly number[] }> => {
  let endTime: () => void = () => undefined;
  const after: Clock['after'] = (ms, then) => {
    if (ms !== job.timeoutMs) return systemClock.after(ms, then);
    endTime = then;
    return () => undefined;
  };
  const running = createScriptRunner({ clock: { ...systemClock, after }, logger: recordLog().logger, env: daemonEnv, graceMs: 300 }).run(job);
  const numbers = await Promise.all(names.map(numberIn));
  endTime();
  return { result: await running, numbers };
};

/** Forks and exits over and over, so that no look at /proc is sure to catch it; each one leaves a mark. Gives up by itself after a while. */
const chain = (): string =>
  put('chain.py', `#!/usr/bin/env python3
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
marks = os.open("${folder}/marks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
with open("${folder}/chained", "w") as f: f.write(str(os.getpgrp()) + "\\n")
end = time.time() + 60
while time.time() < end:
    if os.fork() != 0: os._exit(0)
    os.write(marks, b".")
    time.sleep(0.0005)
`);

const isGone = (group: number): boolean => {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
};

const fifos = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`jetpack-pipe-${process.pid}-`));

describe('how a script ends', () => {
  test.each([0, 1, 127, 254, 255])('exit code %i is told as it is', async (code) => {
    expect((await run(bash(`exit ${code}`))).ending).toEqual({ type: 'exited', code });
  });

  test('a signal is told by its name', async () => {
    expect((await run(bash('kill -SEGV $$'))).ending).toEqual({ type: 'signalled', signal: 'SIGSEGV' });
  });

  test('a script in Python runs with its arguments, in its working directory, with nothing to read', async () => {
    const file = put('job.py', '#!/usr/bin/env python3\nimport os, sys\nprint(sys.argv[1:], os.getcwd() == os.environ["HERE"], repr(sys.stdin.read()))\n');
    const { ending, tail, warnings } = await run(file, { arguments: ['a b', '$(reboot)', ';'], env: { HERE: folder } });
    expect({ ending, tail, warnings }).toEqual({ ending: { type: 'exited', code: 0 }, tail: "['a b', '$(reboot)', ';'] True ''", warnings: [] });
  });

  test('one that ignores the request to end is ended at its time limit, with all that it started', async () => {
    const file = bash(`trap '' TERM\n(trap '' TERM; while true; do sleep 0.1; done) &\necho $! > ${folder}/child\nwhile true; do sleep 0.1; done`);
    const job = jobOf(file);
    const { numbers, result } = await runOut(job, 'child');
    expect(result).toMatchObject({ ending: { type: 'timedOut', afterMs: job.timeoutMs }, warnings: [] });
    expect([numbers.map(isAlive), await findProcesses([job.id])]).toEqual([[false], []]);
  });

  test('one that cleans up when it is asked to end has the time for that', async () => {
    const file = bash(`trap 'echo tidied > ${folder}/tidied; exit 0' TERM\ntouch ${folder}/ready\nwhile true; do sleep 0.05; done`);
    const stop = new AbortController();
    const running = run(file, { signal: stop.signal });
    await waitFor('the trap', () => existsSync(path.join(folder, 'ready')));
    stop.abort();
    expect((await running).ending).toEqual({ type: 'aborted' });
    expect(readFileSync(path.join(folder, 'tidied'), 'utf8')).toBe('tidied\n');
  });

  test('what made a session of its own, lost its parent or cleared its environment ends at the time limit as well', async () => {
    const sleeper = (name: string, before: string): string => `${before} bash -c 'echo $$ > ${folder}/${name}; exec sleep 300' &\n`;
    const body = `${sleeper('orphan', 'setsid')}${sleeper('cleared', 'env -i PATH="$PATH" setsid')}( setsid bash -c 'echo $$ > ${folder}/double; exec sleep 300' & )\nsleep 300`;
    const { numbers, result } = await runOut(jobOf(bash(body)), 'orphan', 'cleared', 'double');
    expect(result.ending.type).toBe('timedOut');
    expect(numbers.map(isAlive)).toEqual([false, false, false]);
  });

  test('one that multiplies until its time is up leaves nothing', async () => {
    const job = jobOf(bash(`spawn() { while true; do (setsid sleep 300 &); echo 1 > ${folder}/$1; sleep 0.02; done; }\nspawn a & spawn b & wait`));
    const { result } = await runOut(job, 'a', 'b');
    expect([result.ending.type, await findProcesses([job.id])]).toEqual(['timedOut', []]);
  });

  test('one that forks and exits in a loop is ended with its group, when it has left the loop behind and at its time limit', async () => {
    const loop = chain();
    expect((await run(loop)).ending).toEqual({ type: 'exited', code: 0 });
    const left = await numberIn('chained');
    await waitFor('the end of the loop', () => isGone(left));
    rmSync(path.join(folder, 'chained'));
    const { numbers, result } = await runOut(jobOf(bash(`trap '' TERM\n${loop}\nwhile true; do sleep 0.1; done`)), 'chained');
    expect(result).toMatchObject({ ending: { type: 'timedOut' }, warnings: [] });
    await waitFor('the end of the loop', () => isGone(numbers[0]!));
  });

  test('a script in bash that begins itself anew and ends, over and over, is ended as well', async () => {
    const file = bash(`[[ -e ${folder}/group ]] || ps -o pgid= $$ > ${folder}/group\necho . >> ${folder}/marks\n[[ $(wc -l < ${folder}/marks) -gt 3000 ]] || "$0" &`);
    expect((await run(file)).ending).toEqual({ type: 'exited', code: 0 });
    const group = await numberIn('group');
    await waitFor('the end of the loop', () => isGone(group));
    expect(statSync(path.join(folder, 'marks')).size).toBeLessThan(6_000);
  });

  test('one that is aborted before it begins never runs', async () => {
    expect((await run(bash(`touch ${folder}/ran`), { signal: AbortSignal.abort() })).ending).toEqual({ type: 'aborted' });
    expect(existsSync(path.join(folder, 'ran'))).toBe(false);
  });
});

describe('what a script leaves in the background', () => {
  const leaves = `sleep 300 &\necho $! > $OUT/child\necho done`;

  test('ends with it when the job says so', async () => {
    const { ending, tail, warnings } = await run(bash(leaves), { env: { OUT: folder } });
    expect({ ending, tail, warnings }).toEqual({ ending: { type: 'exited', code: 0 }, tail: 'done', warnings: ['left a process running: ended with it'] });
    expect(isAlive(await numberIn('child'))).toBe(false);
  });

  test('goes on when the job says so, and what it writes neither ends it nor holds up the run', async () => {
    const writes = `( for i in $(seq 35); do head -c 20000 /dev/zero | tr '\\0' x; sleep 0.1; done; echo finished > ${folder}/finished ) &\necho $! > ${folder}/child\necho done`;
    const { ending, bytes, warnings } = await run(bash(writes), { keepsBackground: true });
    expect(ending).toEqual({ type: 'exited', code: 0 });
    // The pipe takes 64 KiB: what is written in all must be read by somebody.
    expect(bytes).toBeLessThan(700_000);
    expect(existsSync(path.join(folder, 'finished'))).toBe(false);
    expect(warnings).toEqual(['left something running that still has its output: what that writes from now on is thrown away']);
    expect(isAlive(await numberIn('child'))).toBe(true);
    await waitFor('the background to write to its end', () => existsSync(path.join(folder, 'finished')));
  });

  test('that has an output of its own is nothing to speak of', async () => {
    const { warnings } = await run(bash(`setsid sleep 300 > /dev/null 2>&1 &\necho $! > ${folder}/child`), { keepsBackground: true });
    const child = await numberIn('child');
    expect({ warnings, alive: isAlive(child) }).toEqual({ warnings: [], alive: true });
    process.kill(child);
  });

  test('ends at the time limit whatever the job says', async () => {
    const { numbers } = await runOut(jobOf(bash(`${leaves}\nsleep 300`), { env: { OUT: folder }, keepsBackground: true }), 'child');
    expect(numbers.map(isAlive)).toEqual([false]);
  });
});

describe('the environment of a script', () => {
  test('has what it needs and what the job gives, and nothing else of the daemon', async () => {
    const job = jobOf(bash('env'), { env: { CYCLECLOUD_HOME: '/home', PATH: `/jetpack/bin:${process.env['PATH'] ?? ''}` } });
    const { tail } = await runner.run(job);
    const names = tail.split('\n').map((line) => line.split('=', 1)[0]);
    expect(names.filter((name) => !['_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name ?? ''))).toEqual(
      expect.arrayContaining(['CYCLECLOUD_HOME', 'HOME', 'HTTPS_PROXY', 'JETPACK_RUN', 'LC_ALL', 'PATH', 'TZ']),
    );
    expect(names).not.toContain('JETPACK_AMQP_URL');
    expect(names).not.toContain('NODE_OPTIONS');
    expect(tail).toContain(`JETPACK_RUN=${job.id}`);
    expect(tail).toContain('PATH=/jetpack/bin:');
    expect(tail).not.toContain('hunter2');
  });

  test('shows the secret neither in /proc nor by a descriptor that was left open', async () => {
    const file = bash('ls /proc/$$/fd | tr "\\n" " "; tr "\\0" "\\n" < /proc/$$/environ | grep -c hunter2; true');
    // Whoever started the tests may have left descriptors open of its own.
    const unavoidable = execFileSync('bash', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } });
    expect((await run(file)).tail).toBe(unavoidable.trim());
  });
});

describe('what an earlier life of the daemon left running', () => {
  test('is ended by its id, and nothing else is', async () => {
    const [ours, other] = [randomUUID(), randomUUID()];
    const left = [ours, other].map((id) => spawn('bash', ['-c', `trap '' TERM; sleep 300 & echo up; wait; sleep 300`], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, JETPACK_RUN: id } }));
    await Promise.all(left.map((child) => new Promise((resolve) => void child.stdout.once('data', resolve))));
    try {
      expect(await runner.endLeftovers([ours])).toBeGreaterThanOrEqual(2);
      expect(await findProcesses([ours])).toEqual([]);
      expect((await findProcesses([other])).length).toBeGreaterThanOrEqual(2);
    } finally {
      await runner.endLeftovers([other]);
    }
  });

  test('may be nothing', async () => {
    expect(await runner.endLeftovers([])).toBe(0);
    expect(await runner.endLeftovers([randomUUID()])).toBe(0);
  });
});

test('no run leaves a pipe or its folder behind', async () => {
  const before = new Set(fifos());
  await Promise.all(Array.from({ length: 5 }, () => run(bash('echo hello'))));
  expect(fifos().filter((name) => !before.has(name))).toEqual([]);
});
