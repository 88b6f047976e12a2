import { describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemClock, type Clock } from '../../effects/clock.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { createScriptRunner } from './run-script.ts';
import { bash, daemonEnv, folder, jobOf, numberIn, put, run, useRunScriptStage } from './testing/run-script-stage.ts';

useRunScriptStage();

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
