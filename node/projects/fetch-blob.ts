// Brings one blob of a project from its locker to wherever the caller wants it. What stands there is replaced in one step, when
// all of the blob is on the disk beside it.
import type { Stats } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { chmod, open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BlobOrder } from '../../commands/host.ts';
import type { Result } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';
import { quoted } from './ini.ts';
import { listedSpecs } from './listed-specs.ts';
import { checkNames, findProject, isWithin, lockerFolder } from './locker.ts';
import { isSegment } from './segments.ts';
import { caught, giveUp, reading, valueOf } from './trouble.ts';

const absent: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

const orUndefined = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (absent.has(systemCode(error))) return undefined;
    throw error;
  }
};

/** The file at `named`, wherever links lead below `within`; undefined when there is none. */
const fileWithin = async (named: string, within: string): Promise<string | undefined> => {
  const real = await reading(named, () => orUndefined(realpath(named)));
  if (real === undefined) return undefined;
  if (!isWithin(within, real)) giveUp('project_unusable', `${named} leads outside ${within}`);
  const status = await reading(named, () => stat(real));
  return status.isFile() ? real : giveUp('project_unusable', `${named} is not a file`);
};

/** Blobs of users count before the project's own (reference, section 5.7). */
const findBlob = async (home: string, { blob, project }: BlobOrder): Promise<string> => {
  if (!isSegment(project)) giveUp('project_unusable', `${quoted(project)} cannot be the name of a project`);
  const { flaw, locker, specs } = listedSpecs(home);
  const reference = specs.find((each) => each.project === project);
  const unlisted = `project '${project}' is not among those of this node${flaw === undefined ? '' : ` (${flaw})`}`;
  const address = reference?.locker ?? locker;
  if (address === undefined) return giveUp('project_missing', reference === undefined ? `${unlisted}, and cyclecloud.locker is not set` : `project '${project}' names no locker, and cyclecloud.locker is not set`);
  const folder = valueOf(lockerFolder(address));
  const within = await reading(folder, () => realpath(folder));
  const users = path.join(folder, 'blobs', project, blob);
  const found = await fileWithin(users, within);
  if (found !== undefined) return found;
  if (reference === undefined) return giveUp('project_missing', `${unlisted}, and ${users} is not there`);
  checkNames(reference);
  const { root } = await findProject(reference, folder);
  const own = path.join(root, 'blobs', blob);
  return (await fileWithin(own, root)) ?? giveUp('project_missing', `neither ${users} nor ${own} is there`);
};

interface Place {
  readonly file: string;
  /** Of the file that stands there. */
  readonly mode: number | undefined;
}

const unwritable = (file: string, why: string): never => giveUp('file_unwritable', `${file} ${why}`);

const statusOf = async (file: string): Promise<Stats | undefined> => {
  try {
    return await orUndefined(stat(file));
  } catch (error) {
    return unwritable(file, `cannot be looked at (${systemCode(error)})`);
  }
};

const placeOf = async ({ blob, folder, to }: BlobOrder): Promise<Place> => {
  const status = await statusOf(to);
  if (status?.isDirectory() !== true) {
    if (folder) unwritable(to, status === undefined ? 'does not exist' : 'is not a folder');
    if (status?.isFile() === false) unwritable(to, 'is neither a file nor a folder');
    // Through a link to the file that it stands for.
    return { file: status === undefined ? to : await realpath(to), mode: status?.mode };
  }
  const file = path.join(to, path.posix.basename(blob));
  const inside = await statusOf(file);
  if (inside?.isFile() === false) unwritable(file, inside.isDirectory() ? 'is a folder' : 'is not a file');
  return { file: inside === undefined ? file : await realpath(file), mode: inside?.mode };
};

const anyExecuteBit = 0o111;

const copy = async (source: string, { file, mode }: Place): Promise<void> => {
  const beside = path.join(path.dirname(file), `.jetpack-download-${process.pid}`);
  const handle = await reading(source, () => open(source));
  try {
    const before = await handle.stat();
    const fresh = 0o666 | (before.mode & anyExecuteBit);
    await rm(beside, { force: true });
    await pipeline(handle.createReadStream({ autoClose: false }), createWriteStream(beside, { flags: 'wx', mode: fresh, flush: true }));
    const after = await handle.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) giveUp('project_unusable', `${source} changed while it was copied: try again when its upload has ended`);
    if (mode !== undefined) await chmod(beside, mode & 0o777);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
};

/** Fails like `NodeAccess.download`. */
export const fetchBlob = (home: string, order: BlobOrder): Promise<Result<void>> =>
  caught(async () => {
    const source = await findBlob(home, order);
    const place = await placeOf(order);
    const copied = await caught(() => copy(source, place)).catch((error: unknown) => unwritable(place.file, `cannot be written (${systemCode(error)})`));
    valueOf(copied);
  });
