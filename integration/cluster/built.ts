// The programs of a jest run: built once, as they are installed, before the first suite. They start in two thirds of the time that the
// sources take, and it is they that people run.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { handoverIn } from '../../cli/handover.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';
import { buildPrograms } from '../../install/programs.ts';
import { cacheIn, programsVariable } from './processes.ts';

let folder: string | undefined;

/** Has Node keep what it makes of them: those of tests are killed, and write nothing down then. The commands are loaded, whatever daemon runs on this machine. */
const warm = async (programs: string): Promise<void> => {
  const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: cacheIn(programs), ...handoverIn({ id: uuid7(Date.now(), systemRandom), waitedMs: 0 }) };
  await Promise.all(['jetpackd', 'cycle-server', 'jetpack-node'].map((name) => promisify(execFile)(path.join(programs, 'bin', name), ['--help'], { env })));
};

/** Before any worker begins, for they inherit the environment. */
export const openPrograms = async (): Promise<void> => {
  folder = await mkdtemp(path.join(tmpdir(), 'jetpack-programs-'));
  await buildPrograms(folder);
  await warm(folder);
  process.env[programsVariable] = folder;
};

export const closePrograms = async (): Promise<void> => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
};
