import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ScriptJob, ScriptResult } from '../../actors/node/scripts.ts';
import { systemClock, type Clock } from '../../effects/clock.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { findProcesses } from './processes.ts';
import { createScriptRunner } from './run-script.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const secret = 'amqp://node:hunter2@broker';

const daemonEnv = { PATH: process.env['PATH'], HOME: '/root', LC_ALL: 'C.UTF-8', TZ: 'UTC', HTTPS_PROXY: 'http://proxy', JETPACK_AMQP_URL: secret, NODE_OPTIONS: '' };

const put = (name: string, content: string | Uint8Array, mode = 0o755): string => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
};

const bash = (body: string, name = 'script.sh'): string => put(name, `#!/bin/bash\n${body}\n`);

const runner = createScriptRunner({ clock: systemClock, logger: recordLog().logger, env: daemonEnv, graceMs: 300 });

const jobOf = (file: string, more: Partial<ScriptJob> = {}): ScriptJob => ({ id: randomUUID(), file, cwd: folder, env: {}, timeoutMs: 30_000, keepsBackground: false, ...more });

const run = (file: string, more: Partial<ScriptJob> = {}): Promise<ScriptResult> => runner.run(jobOf(file, more));

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** A number that a script leaves in a file. */
const numberIn = (name: string): Promise<number> =>
  waitFor(name, () => {
    const file = path.join(folder, name);
    return existsSync(file) && readFileSync(file, 'utf8').endsWith('\n') && Number(readFileSync(file, 'utf8'));
  });

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

describe('what a script writes', () => {
  test('comes in its order from standard output and standard error, also by way of /dev', async () => {
    const { tail } = await run(bash('for i in 1 2 3; do echo out $i; echo err $i >&2; done\necho through > /dev/stderr\necho tee | tee /dev/stderr'));
    expect(tail.split('\n')).toEqual(['out 1', 'err 1', 'out 2', 'err 2', 'out 3', 'err 3', 'through', 'tee', 'tee']);
  });

  test('may be any amount: 200 MB are counted, a bound of them kept, and the run ends well', async () => {
    const output = path.join(folder, 'logs', 'deep', 'flood.out');
    const before = process.memoryUsage().arrayBuffers;
    const { ending, bytes, tail, warnings } = await run(bash('yes 0123456789abcde | head -c 200000000; echo end'), { output });
    expect({ ending, bytes, last: tail.split('\n').at(-1) }).toEqual({ ending: { type: 'exited', code: 0 }, bytes: 200_000_004, last: 'end' });
    expect(warnings).toEqual([`wrote more than 16 MiB: the rest is not in ${output}`]);
    expect(statSync(output).size).toBeLessThan(16 * 1024 * 1024 + 100);
    expect(readFileSync(output, 'utf8').slice(-45)).toContain('cut off');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('is whole also when the event loop has no time to read it for a while after the end', async () => {
    const file = bash(`( sleep 0.1; seq 9000 ) & touch ${folder}/over`);
    let heldUp = false;
    const busy = createScriptRunner({
      clock: {
        ...systemClock,
        // The loop is held up for longer than a silence lasts, as soon as the run waits for the rest.
        after(ms, then) {
          const cancel = systemClock.after(ms, then);
          if (ms < 300 && !heldUp && existsSync(path.join(folder, 'over'))) {
            heldUp = true;
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
          }
          return cancel;
        },
      },
      logger: recordLog().logger,
      env: daemonEnv,
    });
    const { tail } = await busy.run(jobOf(file, { keepsBackground: true }));
    expect([heldUp, tail.split('\n').at(-1)]).toEqual([true, '9000']);
  });

  test('a little after its end, through what it left behind, is still its own; a silence ends that', async () => {
    // Time goes by at a quarter of its speed, so that a busy machine makes no silence of its own.
    const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() / 4, after: (ms, then) => systemClock.after(ms * 4, then) };
    const slow = createScriptRunner({ clock, logger: recordLog().logger, env: daemonEnv });
    const late = (seconds: string): string => `( for i in 1 2 3 4 5; do sleep ${seconds}; echo late $i; done ) &\necho done`;
    expect((await slow.run(jobOf(bash(late('0.2')), { keepsBackground: true }))).tail.split('\n').at(-1)).toBe('late 5');
    expect((await slow.run(jobOf(bash(`${late('60')}\necho $$ > ${folder}/group`), { keepsBackground: true }))).tail).toBe('done');
    process.kill(-(await numberIn('group')), 'SIGKILL');
  });

  test('is in its file, begun anew, for the daemon and its group alone', async () => {
    const output = put('old.out', 'x'.repeat(1_000), 0o640);
    await run(bash('echo new'), { output });
    expect(readFileSync(output, 'utf8')).toBe('new\n');
    expect(statSync(output).mode & 0o007).toBe(0);
  });

  test('goes nowhere when the file cannot be had, and the script runs all the same', async () => {
    const output = path.join(put('file', ''), 'script.out');
    const { ending, tail, warnings } = await run(bash('echo hello'), { output });
    expect({ ending, tail, warnings }).toEqual({ ending: { type: 'exited', code: 0 }, tail: 'hello', warnings: [`wrote output that could not be kept in ${output} (EEXIST)`] });
  });

  test('becomes valid text without control characters, whatever it was', async () => {
    const { tail } = await run(bash(String.raw`printf 'a\0b\xff\xfe\x1b[31mred\x1b[0m\r\n\xe2\x82\xac\tend\a\n'`));
    expect(tail).toBe('a\u{FFFD}b\u{FFFD}\u{FFFD}red\n€\tend\u{FFFD}');
  });

  test('is kept from its end, at most 40 lines and 4 KiB of it', async () => {
    expect((await run(bash('seq 1000'))).tail.split('\n')).toEqual(Array.from({ length: 40 }, (_, index) => String(961 + index)));
    const { tail } = await run(bash(`python3 -c "print('€' * 10000)"`));
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(4_096);
    expect(tail).toMatch(/^€{1300,}$/);
  });
});

describe('what a script is run by', () => {
  test.each([
    ['the interpreter of its first line', 'a.txt', '#!/usr/bin/env python3\nimport sys\nprint("py", sys.version_info[0])\n', 'py 3', 'has no execute bit: it was run by /usr/bin/env python3'],
    ['bash for .sh', 'b.sh', '[[ -n $BASH_VERSION ]] && echo bash\n', 'bash', 'has no execute bit: it was run by bash'],
    ['python3 for .py', 'c.py', 'print("py")\n', 'py', 'has no execute bit: it was run by python3'],
    ['sh for anything else', 'd', 'echo sh\n', 'sh', 'has no execute bit: it was run by sh'],
  ])('without an execute bit: %s, and a warning', async (_what, name, content, tail, warning) => {
    const result = await run(put(name, content, 0o644));
    expect(result).toMatchObject({ ending: { type: 'exited', code: 0 }, tail, warnings: [warning] });
  });

  test('with an execute bit but no first line: by its name, and a warning', async () => {
    expect(await run(put('c.py', 'print("py")\n'))).toMatchObject({ tail: 'py', warnings: ['does not begin with #! and its interpreter: it was run by python3'] });
  });

  test('a compiled program is run as it is', async () => {
    const file = put('true', readFileSync('/usr/bin/env'));
    expect(await run(file, { arguments: ['--version'] })).toMatchObject({ ending: { type: 'exited', code: 0 }, warnings: [] });
    chmodSync(file, 0o644);
    expect((await run(file)).ending).toEqual({ type: 'unstartable', reason: 'is a program without the execute bit: chmod +x gives it one' });
  });

  test.each([
    ['Windows line ends', '#!/bin/bash\r\necho hello\r\n', 'has Windows line ends: its first line ends in a carriage return; dos2unix converts it'],
    ['an interpreter that is not there', '#!/opt/none/python -u\n', 'needs the interpreter /opt/none/python, which is not there'],
    ['an interpreter that env does not find', '#!/usr/bin/env pythoon\n', 'needs the interpreter pythoon, which is not there'],
    ['an interpreter without a path', '#!bash\n', 'needs the interpreter bash, which is not there'],
  ])('%s: not started, and told why', async (_what, content, reason) => {
    expect((await run(put('script.sh', content))).ending).toEqual({ type: 'unstartable', reason });
  });

  test('a file that is not there, a folder, a pipe and a working directory that is missing are told apart', async () => {
    mkdirSync(path.join(folder, 'folder'));
    const reasons = [path.join(folder, 'none.sh'), path.join(folder, 'folder')].map(async (file) => (await run(file)).ending);
    expect(await Promise.all(reasons)).toEqual([
      { type: 'unstartable', reason: 'is not there' },
      { type: 'unstartable', reason: 'is not a regular file' },
    ]);
    expect((await run(bash(`mkfifo ${folder}/pipe`))).ending).toEqual({ type: 'exited', code: 0 });
    expect((await run(path.join(folder, 'pipe'))).ending).toEqual({ type: 'unstartable', reason: 'is not a regular file' });
    expect((await run(bash(''), { cwd: '/none' })).ending).toEqual({ type: 'unstartable', reason: 'cannot run in /none, which is no folder' });
  });

  test('bytes that are no script end as their interpreter says, and do no harm', async () => {
    const { ending } = await run(put('garbage', Buffer.from([0, 255, 128, 10, 0, 7, 10, 200, 201])));
    expect(ending).toMatchObject({ type: 'exited', code: expect.any(Number) });
    expect(ending).not.toMatchObject({ code: 0 });
  });

  test('an argument that no process can be given is told, not thrown', async () => {
    expect((await run(bash(''), { arguments: ['a\0b'] })).ending).toMatchObject({ type: 'unstartable' });
    expect((await run(bash(''), { arguments: ['x'.repeat(3_000_000)] })).ending).toMatchObject({ type: 'unstartable', reason: expect.stringContaining('E2BIG') });
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
