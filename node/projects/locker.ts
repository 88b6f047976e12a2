// A folder as a locker: `file:///DIR` holds project P in version V as DIR/projects/P/V/.
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpecReference } from '../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { quoted } from './ini.ts';
import { largestIni, parseProjectIni, type ProjectIni } from './project-ini.ts';
import { isSegment } from './segments.ts';
import { giveUp, reading, valueOf } from './trouble.ts';

export interface ProjectSource {
  /** The project's folder, without links on the way. */
  readonly root: string;
  readonly ini: ProjectIni;
}

/** The folder of a locker. Fails with `project_unusable`; an address may hold a secret, so only its scheme is repeated. */
export const lockerFolder = (address: string): Result<string> => {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]{0,30}):/.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return fail('project_unusable', "a locker's address must begin with its scheme: file:// is known");
  if (scheme !== 'file') return fail('project_unusable', `lockers of scheme ${scheme}:// are not known: file:// is`);
  try {
    const folder = fileURLToPath(address);
    if (address.startsWith('file:///') && !folder.includes('\0')) return ok(folder);
  } catch {
    // Said below.
  }
  return fail('project_unusable', "a folder locker's address is file:// and an absolute path");
};

const readBounded = async (file: string): Promise<Uint8Array> => {
  // A pipe in its place would be waited for until somebody writes to it.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) return giveUp('project_unusable', `${file} is not a file`);
    const buffer = Buffer.alloc(largestIni + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } finally {
    await handle.close();
  }
};

/** Whether `inner` is `outer` or stands below it. Both without links on the way. */
export const isWithin = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);

/** A folder that must stand below `within`, wherever links lead. */
const folderWithin = async (folder: string, within: string): Promise<string> => {
  const real = await reading(folder, () => realpath(folder));
  if (!isWithin(within, real)) return giveUp('project_unusable', `${folder} leads outside ${within}`);
  const status = await reading(folder, () => stat(real));
  return status.isDirectory() ? real : giveUp('project_unusable', `${folder} is not a folder`);
};

/** What of a reference becomes a path, checked. Throws `project_unusable`. */
export const checkNames = ({ project, spec, version }: SpecReference): void => {
  for (const [what, name] of [['project', project], ['version', version], ['spec', spec]] as const) {
    if (!isSegment(name)) giveUp('project_unusable', `${quoted(name)} cannot be the name of a ${what}: letters, digits and . _ + - make one`);
  }
  // Its folder would stand where the project's blobs do.
  if (spec === 'blobs') giveUp('project_unusable', "a spec cannot be called 'blobs'");
};

/** Throws `project_missing` naming the path looked at, or `project_unusable`. */
export const findProject = async ({ project, version }: SpecReference, locker: string): Promise<ProjectSource> => {
  const folder = path.join(locker, 'projects', project, version);
  const within = await reading(folder, () => realpath(locker));
  const root = await folderWithin(folder, within);
  const file = path.join(folder, 'project.ini');
  const real = await reading(file, () => realpath(path.join(root, 'project.ini')));
  if (!isWithin(root, real)) giveUp('project_unusable', `${file} leads outside the project`);
  const ini = valueOf(parseProjectIni(await reading(file, () => readBounded(real)), file));
  if (ini.name !== project) giveUp('project_unusable', `${file} says name ${quoted(ini.name)}, but the project stands under the name '${project}'`);
  if (ini.version !== version) giveUp('project_unusable', `${file} says version ${quoted(ini.version)}, but the project stands under version '${version}'`);
  return { root, ini };
};

/** The folder of a spec's content; undefined when the spec is there and has none. Throws as `findProject`. */
export const findSpec = async ({ root }: ProjectSource, spec: string): Promise<string | undefined> => {
  const folder = await folderWithin(path.join(root, 'specs', spec), root);
  const content = path.join(folder, 'cluster-init');
  const there = await stat(content).then(() => true, () => false);
  return there ? folderWithin(content, root) : undefined;
};
