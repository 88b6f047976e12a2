// A named pipe, as a rule for the moment that it takes to open both its ends.
//
// It lies in a folder of its own, in the temporary folder, which is removed after that. What a daemon leaves there that was killed in
// this moment goes when the next one makes its first pipe: a folder's name tells the process that made it, and one whose
// process is gone, or has our own number from before us, is nobody's any more. Should it be that of another container after all, the
// script it was for is given sockets (channel.ts).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const prefix = 'jetpack-pipe-';

const folderOf = /^jetpack-pipe-(\d+)-/;

const makeMs = 5_000;

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true }).catch(() => undefined);

const sweep = async (): Promise<void> => {
  const temporary = os.tmpdir();
  for (const name of await readdir(temporary).catch(() => [])) {
    const maker = Number(folderOf.exec(name)?.[1] ?? 0);
    if (maker === 0 || (maker !== process.pid && existsSync(`/proc/${maker}`))) continue;
    const folder = path.join(temporary, name);
    const status = await lstat(folder).catch(() => undefined);
    if (status?.isDirectory() === true && status.uid === process.geteuid?.()) await remove(folder);
  }
};

/** Once in the life of a process, before it makes a folder itself. */
let swept: Promise<void> | undefined;

export interface NamedPipe {
  readonly file: string;
  /** It is then gone by its name, and goes on for those that have it open. */
  remove(): Promise<void>;
}

/** Rejects where none can be made. */
export const makePipe = async (): Promise<NamedPipe> => {
  await (swept ??= sweep());
  const folder = await mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  const pipe = { file: path.join(folder, 'output'), remove: () => remove(folder) };
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', pipe.file], { timeout: makeMs });
    return pipe;
  } catch (error) {
    await pipe.remove();
    throw error;
  }
};

/** Makes one, lets `open` open it by its path, and removes it. Rejects where none can be made, and as `open` throws. */
export const withPipe = async <T>(open: (file: string) => T): Promise<T> => {
  const pipe = await makePipe();
  try {
    return open(pipe.file);
  } finally {
    await pipe.remove();
  }
};
