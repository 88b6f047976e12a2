// Brings one folder of the home into step with a project in the locker.
//
// States of a target: absent → whole. When the project's content differs from what was synced, the new folder is made
// beside it as `.NAME.new`, the old one stands aside as `.NAME.old`, and the new one takes its name; a sync that was killed in
// between leaves one of them whole under a name that the next sync knows. When the content is the same, what scripts
// made or changed in the folder stays: only what is missing, and scripts that differ, are copied again. It never merges
// two versions, and never removes a folder that something is mounted in.
import { lstat, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from '../home/durable-file.ts';
import { copyEntry } from './copy.ts';
import { digestOf, hashFile, type Image, type ImageEntry } from './image.ts';
import { giveUp, writing } from './trouble.ts';

const statusOf = (file: string) => lstat(file).catch(() => undefined);

const isThere = async (file: string): Promise<boolean> => (await statusOf(file)) !== undefined;

/**
 * A mount point below `folder` in the kernel's list (/proc/self/mountinfo): the fifth word of a line, with spaces and the
 * like in octal.
 */
export const mountBelow = (list: string, folder: string): string | undefined => {
  const points = list.split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))));
  return points.find((point) => point.startsWith(`${folder}/`));
};

/** What is mounted is somebody's data, and no part of the copy. */
const refuseMounted = async (folder: string): Promise<void> => {
  const mount = mountBelow(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''), folder);
  if (mount !== undefined) giveUp('home_unusable', `${folder} cannot be replaced: ${mount} is mounted in it`);
};

const remove = async (folder: string): Promise<void> => {
  await refuseMounted(folder);
  await writing(folder, () => rm(folder, { recursive: true, force: true }));
};

const build = async (image: Image, folder: string, signal: AbortSignal): Promise<void> => {
  await writing(folder, () => mkdir(folder, { mode: 0o755 }));
  for (const entry of image) {
    signal.throwIfAborted();
    await copyEntry(entry, folder, signal);
  }
};

const needsCopy = async (entry: ImageEntry, folder: string, signal: AbortSignal): Promise<boolean> => {
  const file = path.join(folder, entry.path);
  const status = await statusOf(file);
  if (status === undefined) return true;
  if (entry.kind !== 'file' || !entry.path.startsWith('scripts/')) return false;
  return !status.isFile() || (status.mode & 0o7777) !== entry.mode || (await hashFile(file, signal)) !== entry.sha256;
};

const restore = async (image: Image, folder: string, signal: AbortSignal): Promise<void> => {
  for (const entry of image) {
    signal.throwIfAborted();
    if (await writing(path.join(folder, entry.path), () => needsCopy(entry, folder, signal))) await copyEntry(entry, folder, signal);
  }
};

/** Throws what `caught` knows: `home_unusable` where the home cannot be written, `project_unusable` where the project changes meanwhile. */
export const syncFolder = async (image: Image, target: string, signal: AbortSignal): Promise<void> => {
  const beside = (ending: string): string => path.join(path.dirname(target), `.${path.basename(target)}.${ending}`);
  const [fresh, old, record] = [beside('new'), beside('old'), beside('synced')];
  if ((await isThere(old)) && !(await isThere(target))) await writing(target, () => rename(old, target));
  await remove(old);
  await remove(fresh);
  const digest = digestOf(image);
  const synced = await readFile(record, 'utf8').catch(() => '');
  if (synced.trim() === digest && (await statusOf(target))?.isDirectory() === true) return restore(image, target, signal);
  await refuseMounted(target);
  await build(image, fresh, signal);
  await writing(target, async () => {
    // From here on the record would speak of a folder that is no longer there.
    await rm(record, { force: true });
    if (await isThere(target)) await rename(target, old);
    await rename(fresh, target);
    writeDurably(record, beside('record'), `${digest}\n`, 0o640);
  });
  await remove(old);
};
