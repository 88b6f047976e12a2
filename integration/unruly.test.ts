// Scripts and checks that hang, multiply or flood, on a real daemon: each is one line at the server, and nothing else is harmed. And a
// daemon that hangs itself.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../effects/testing/wait-for.ts';
import { carriedOut } from './cluster/commands.ts';
import { installCheck, Locker, notes, noting, spec } from './cluster/locker.ts';
import type { ProcessCluster } from './cluster/process-cluster.ts';
import { isRunning, pidsNoted } from './cluster/processes.ts';
import { flawsIn, told } from './cluster/told.ts';
import { useClusters } from './cluster/use-clusters.ts';

const clusters = useClusters();
let cluster: ProcessCluster;

beforeEach(() => {
  cluster = clusters.begin();
});

const node = 'one';
const home = (): string => cluster.home(node);
const longMs = 60_000;

/** A real daemon gives a check a minute. */
const checkMs = 60_000;

const pidsIn = (file: string): readonly number[] => pidsNoted(path.join(home(), file));

describe('checks that hang, multiply and flood', () => {
  test('are told of as unknown, each in its time, and are gone then with all they started; those beside them report at once, and the node becomes ready', async () => {
    const writesPid = (file: string, then: string): string => `echo $$ >> "$JETPACK_HOME/${file}"; ${then}`;
    installCheck(home(), '10-well.sh', '#!/bin/bash\nexit 0\n');
    installCheck(home(), '20-hangs.sh', ['#!/bin/bash', "trap '' TERM", writesPid('hanging', 'setsid sh -c \'echo $$ >> "$JETPACK_HOME/hanging"; exec sleep 600\' &'), 'while :; do sleep 1; done', ''].join('\n'));
    const spawning = Array.from({ length: 20 }, () => `setsid sh -c '${writesPid('forked', 'exec sleep 600')}' > /dev/null 2>&1 &`);
    installCheck(home(), '30-forks.sh', ['#!/bin/bash', ...spawning, 'while [ "$(wc -l < "$JETPACK_HOME/forked")" -lt 20 ]; do sleep 0.1; done', 'exit 0', ''].join('\n'));
    installCheck(home(), '40-floods.sh', ['#!/bin/bash', "head -c 50000000 /dev/zero | tr '\\0' x", 'echo; echo the end of it', 'exit 7', ''].join('\n'));
    installCheck(home(), '50-well.sh', '#!/bin/bash\nexit 0\n');
    await cluster.startServer();
    await cluster.startNode(node);
    const conditions = async (): Promise<Readonly<Record<string, { readonly status: string; readonly message?: string | undefined; readonly at: number; readonly details?: string | undefined }>>> =>
      Object.fromEntries(told(await cluster.events(), node, 'condition').map((event) => [event.name, event]));
    await waitFor('the others to report', async () => Object.keys(await conditions()).length === 4, checkMs / 2);
    expect(await conditions()).toMatchObject({
      '10-well.sh': { status: 'OK' },
      '30-forks.sh': { status: 'OK' },
      '40-floods.sh': { status: 'Unknown', message: 'exited with code 7', details: expect.stringMatching(/the end of it\n?$/) },
      '50-well.sh': { status: 'OK' },
    });
    expect(pidsIn('forked')).toHaveLength(20);
    expect(pidsIn('forked').filter(isRunning)).toEqual([]);
    expect(pidsIn('hanging').filter(isRunning)).toHaveLength(2);
    // The converge at boot is over when its checks are, and meanwhile the daemon serves.
    expect(await cluster.node(node)).toMatchObject({ phase: 'converging', link: 'online' });
    expect(await cluster.jetpack(node, ['log', 'still here'])).toEqual({ code: 0, stdout: '', stderr: '' });
    await waitFor('the message stored', async () => (await cluster.logged()).includes('still here'));

    const hung = await waitFor('the one that hangs to be told of', async () => (await conditions())['20-hangs.sh'], 2 * checkMs);
    expect(hung).toMatchObject({ status: 'Unknown', message: 'timed out after 60 s' });
    expect(pidsIn('hanging').filter(isRunning)).toEqual([]);
    await cluster.inPhase('ready', node);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 180_000);
});

describe('a script that floods', () => {
  /** Of a process, bytes. */
  const residentOf = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  const megabyte = 1024 * 1024;

  test('with 300 MB takes neither the memory of its daemon nor the disk of its node, and ends well', async () => {
    const locker = new Locker(path.join(cluster.folder, 'locker'));
    const flood = noting('floods', "head -c 150000000 /dev/zero | tr '\\0' x", 'yes "a line of the flood" | head -c 150000000 || true', "note 'flooded'");
    locker.upload('p', { s: { '10-first.sh': noting('first'), '20-flood.sh': flood } });
    cluster.template({ locker: locker.url, specs: [spec('p', 's')] });
    await cluster.startServer();
    const { pid } = await cluster.startNode(node);
    await waitFor('the first script', () => notes(home()).includes('first'), longMs);
    const before = residentOf(pid);
    let most = 0;
    await waitFor(
      'the end of the flood',
      () => {
        most = Math.max(most, residentOf(pid));
        return notes(home()).includes('flooded');
      },
      longMs,
    );
    await cluster.inPhase('ready', node);
    expect(before).toBeGreaterThan(10 * megabyte);
    expect(most - before).toBeLessThan(150 * megabyte);
    const log = path.join(home(), 'logs', 'cluster-init', 'p', 's', 'scripts', '20-flood.sh.out');
    expect(statSync(log).size).toBeGreaterThan(15 * megabyte);
    expect(statSync(log).size).toBeLessThan(17 * megabyte);
    const warnings = told(await cluster.events(), node, 'log').filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/^Script 20-flood\.sh: wrote more than 16 MiB/)]);
  }, 120_000);

  test('and fails has the end of its output on the card, and no more', async () => {
    const locker = new Locker(path.join(cluster.folder, 'locker'));
    const flood = noting('floods', "head -c 20000000 /dev/zero | tr '\\0' x", 'echo; echo the last words', 'exit 9');
    locker.upload('p', { s: { '10-flood.sh': flood } });
    cluster.template({ locker: locker.url, specs: [spec('p', 's')] });
    await cluster.startServer();
    await cluster.startNode(node);
    await cluster.inPhase('failed', node);
    const failure = (await cluster.node(node)).converge?.failure;
    expect(failure).toMatchObject({ script: '10-flood.sh', exitCode: 9, output: expect.stringMatching(/the last words\n?$/) });
    expect(Buffer.byteLength(failure?.output ?? '')).toBeLessThanOrEqual(4096);
  }, 90_000);
});

describe('a script that leaves something running', () => {
  test('has it go on, told of by a warning; an execute bit that is missing is one more, and neither stands in the way', async () => {
    const locker = new Locker(path.join(cluster.folder, 'locker'));
    const leaves = noting('leaves', 'setsid sh -c \'echo $$ >> "$JETPACK_HOME/left"; exec sleep 600\' &', 'while [ ! -s "$JETPACK_HOME/left" ]; do sleep 0.1; done');
    locker.upload('p', { s: { '10-leaves.sh': leaves, '20-plain.sh': noting('plain') } }, { '20-plain.sh': 0o644 });
    cluster.template({ locker: locker.url, specs: [spec('p', 's')] });
    await cluster.startServer();
    await cluster.startNode(node);
    await cluster.inPhase('ready', node);
    const [left = -1] = pidsIn('left');
    try {
      expect(isRunning(left)).toBe(true);
      const warnings = told(await cluster.events(), node, 'log').map(({ level, message }) => [level, message]);
      expect(warnings).toEqual([
        ['warn', expect.stringMatching(/^Script 10-leaves\.sh: left something running/)],
        ['warn', expect.stringMatching(/^Script 20-plain\.sh: has no execute bit/)],
      ]);
      expect(await carriedOut(cluster, { command: 'converge', rerunScripts: false })).toEqual([expect.objectContaining({ state: 'done' })]);
      expect(notes(home())).toEqual(['leaves', 'plain']);
      expect(isRunning(left)).toBe(true);
    } finally {
      process.kill(left, 'SIGKILL');
    }
  }, 90_000);
});

describe('a daemon that is frozen', () => {
  test('is shown by jetpack status to run and not to answer, with its process and what files say, and answers again when it goes on', async () => {
    await cluster.startServer();
    const { pid } = await cluster.startNode(node);
    await cluster.inPhase('ready', node);
    process.kill(pid, 'SIGSTOP');
    const running = `jetpackd is running in ${home()} (pid ${pid}), but it does not answer`;
    try {
      const { code, stderr, stdout } = await cluster.jetpack(node, ['status']);
      expect([code, stderr]).toEqual([1, `jetpack status: ${running}: this is what its files say (daemon_unreachable)\n`]);
      const lines = stdout.split('\n');
      expect(lines).toEqual(expect.arrayContaining([`phase\tunknown: ${running}`, 'spool\tempty', 'keepalive\tnot kept alive']));
      for (const [part, file] of [['outbox', 'outbox.db'], ['health', 'state.db'], ['converge', 'state.db']]) {
        expect(lines).toContain(`${part}\tnot known: ${path.join(home(), 'run', file ?? '')} is in use, and only jetpackd could tell`);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await cluster.jetpack(node, ['status'])).toMatchObject({ code: 0, stdout: expect.stringContaining('phase\tready') });
  }, longMs);
});
