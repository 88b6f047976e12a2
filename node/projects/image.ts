// What a folder of a project holds, as data: compared, and made again elsewhere. Only what a copy can hold is taken: files,
// folders, and links that stay inside. A link to a file elsewhere in the project becomes that file; anything else is refused by name.
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isWithin } from './locker.ts';
import { giveUp, reading } from './trouble.ts';

export type ImageEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  /** `source`: where its content is read; no part of what it is. */
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly sha256: string; readonly source: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export type FileEntry = Extract<ImageEntry, { kind: 'file' }>;

/** Entries by path relative to the folder, a folder before what it holds. */
export type Image = readonly ImageEntry[];

/** More than any project has; fewer than fill the memory. */
const mostEntries = 100_000;
/** Room is left for what the names of logs and markers add. */
const longestName = 200;

/** Nobody but the owner writes to a copy, and it runs as nobody but its caller. The owner reads and writes. */
const modeOf = ({ mode }: Stats): number => (mode & 0o755) | 0o600;

const folderMode = (status: Stats): number => modeOf(status) | 0o100;

export const hashFile = async (file: string, signal: AbortSignal): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Uint8Array); // no encoding is set, so chunks are bytes
  return hash.digest('hex');
};

export const fileEntry = async (relative: string, source: string, status: Stats, signal: AbortSignal): Promise<FileEntry> => {
  const sha256 = await reading(source, () => hashFile(source, signal));
  return { kind: 'file', path: relative, mode: modeOf(status), sha256, source };
};

export const newFolder = (relative: string): ImageEntry => ({ kind: 'folder', path: relative, mode: 0o755 });

const checkName = (folder: string, name: string): void => {
  if (/[\p{Cc}\u{FFFD}]/u.test(name)) giveUp('project_unusable', `${folder} holds a name with control characters or bytes that are no UTF-8`);
  if (Buffer.byteLength(name) > longestName) giveUp('project_unusable', `${folder} holds a name of more than ${longestName} bytes: ${name.slice(0, 40)}…`);
};

interface Scan {
  /** Of the folder that is scanned, without links on the way. */
  readonly top: string;
  /** Of the project: what links may lead to. */
  readonly root: string;
  readonly entries: ImageEntry[];
  readonly signal: AbortSignal;
}

const linkEntry = async ({ root, signal, top }: Scan, file: string, relative: string): Promise<ImageEntry> => {
  const target = await reading(file, () => readlink(file));
  const real = await realpath(file).catch(() => giveUp('project_unusable', `${file} is a link that leads nowhere`));
  if (!isWithin(root, real)) return giveUp('project_unusable', `${file} is a link that leads outside the project`);
  // A link that stands for the same in the copy: it never climbs above the top, and neither does what it leads through.
  const staysInside = !path.isAbsolute(target) && isWithin(top, path.resolve(path.dirname(file), target)) && isWithin(top, real);
  if (staysInside) return { kind: 'link', path: relative, target };
  const status = await reading(file, () => stat(real));
  return status.isFile() ? fileEntry(relative, real, status, signal) : giveUp('project_unusable', `${file} is a link that leads out of its spec to something else than a file`);
};

const scanFolder = async (scan: Scan, relative: string): Promise<void> => {
  const folder = path.join(scan.top, relative);
  const names = await reading(folder, () => readdir(folder));
  for (const name of names.sort()) {
    scan.signal.throwIfAborted();
    checkName(folder, name);
    if (scan.entries.length >= mostEntries) giveUp('project_unusable', `${scan.top} holds more than ${mostEntries} files`);
    const file = path.join(folder, name);
    const place = path.posix.join(relative, name);
    const status = await reading(file, () => lstat(file));
    if (status.isDirectory()) {
      scan.entries.push({ kind: 'folder', path: place, mode: folderMode(status) });
      await scanFolder(scan, place);
    } else if (status.isFile()) scan.entries.push(await fileEntry(place, file, status, scan.signal));
    else if (status.isSymbolicLink()) scan.entries.push(await linkEntry(scan, file, place));
    else giveUp('project_unusable', `${file} is neither a file, a folder nor a link`);
  }
};

/** Of a folder without links on the way, in the project at `root`. Throws `project_unusable` naming what cannot be copied. */
export const imageOf = async (top: string, root: string, signal: AbortSignal): Promise<Image> => {
  const entries: ImageEntry[] = [];
  await scanFolder({ top, root, entries, signal }, '');
  return entries;
};

/** Equal for images that make the same copy. */
export const digestOf = (image: Image): string => {
  const hash = createHash('sha256');
  for (const entry of image) hash.update(`${JSON.stringify(entry.kind === 'file' ? { ...entry, source: '' } : entry)}\n`);
  return hash.digest('hex');
};
