// A node whose disk is full. The folder of its outbox is a small file system of its own where that can be mounted (not every
// root may); else the daemon's files may not grow, which it meets at the same place.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { deliver } from '../../cli/deliver.ts';
import { logRequest } from '../../commands/log.ts';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { homePaths } from '../../node/home/paths.ts';
import { flawsIn } from '../cluster/told.ts';
import { useProcesses } from './process-world.ts';

const world = useProcesses();
const run = promisify(execFile);

interface FullDisk {
  fill(pid: number): Promise<void>;
  free(pid: number): Promise<void>;
}

/** Whether it was mounted: the kernel forbids it to whoever is not root, and to a root without the right to administer. */
const mounts = async (folder: string): Promise<boolean> => {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0750', 'jetpack-test', folder], { env: { ...process.env, LC_ALL: 'C' } });
    return true;
  } catch (error) {
    if (/permission denied|not permitted|must be superuser/i.test(String(error))) return false;
    throw error;
  }
};

/** A file system of 4 MiB, and a file that takes all the room in it. */
const smallDisk = async (folder: string): Promise<FullDisk | undefined> => {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (!(await mounts(folder))) return undefined;
  world.later(() => run('umount', ['--lazy', folder]));
  const ballast = path.join(folder, 'ballast');
  return {
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
      return Promise.resolve();
    },
    free: () => Promise.resolve(rmSync(ballast)),
  };
};

const limitedFiles: FullDisk = {
  fill: async (pid) => void (await run('prlimit', ['--pid', `${pid}`, '--fsize=4096:unlimited'])),
  free: async (pid) => void (await run('prlimit', ['--pid', `${pid}`, '--fsize=unlimited:unlimited'])),
};

test('row 20: a node whose disk is full refuses with `outbox_unwritable`, keeps what it accepted, leaves nothing half-written, and goes on when there is room', async () => {
  const cluster = world.plain();
  const home = cluster.home('one');
  const folder = homePaths(home).run;
  const disk = (await smallDisk(folder)) ?? limitedFiles;
  // Nobody takes what is accepted, so that it must wait on the disk.
  const node = await cluster.startNode('one');
  const log = (message: string) => cluster.jetpack('one', ['log', message]);
  const accepted: string[] = [];
  const filler = 'x'.repeat(2_000);
  expect(await log('before')).toMatchObject({ code: 0 });
  accepted.push('before');
  await disk.fill(node.pid);
  const refusal = await waitFor('a refusal', async () => {
    const message = `${accepted.length} ${filler}`;
    const answer = await log(message);
    if (answer.code === 0 && answer.stderr === '') accepted.push(message);
    return answer.stderr !== '' && answer;
  });
  expect(refusal).toMatchObject({ code: 1, stderr: expect.stringMatching(/outbox/) });
  const request = logRequest({ command: 'log', message: filler, level: 'info', priority: 'medium' }, { id: uuid7(systemClock.now(), systemRandom), at: systemClock.now() });
  if (!request.ok) throw new Error(request.error.message);
  expect(await deliver(home, request.value, systemClock)).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
  await disk.free(node.pid);
  await waitFor('it to accept again', async () => {
    const answer = await log(`after ${accepted.length}`);
    return answer.code === 0 && answer.stderr === '';
  });
  await cluster.startServer();
  await cluster.inPhase('ready', 'one');
  const stored = await waitFor('everything accepted in the store', async () => {
    const messages = await cluster.logged();
    return accepted.every((message) => messages.includes(message)) && messages.some((message) => message.startsWith('after')) && messages;
  });
  expect(stored.slice(0, accepted.length)).toEqual(accepted);
  expect(flawsIn(await cluster.events())).toEqual([]);
  // No file was set aside, and the one that was full is whole.
  expect(readdirSync(folder).filter((name) => /aside/.test(name))).toEqual([]);
  expect(await node.stop()).toEqual({ code: 0, signal: null });
}, 120_000);
