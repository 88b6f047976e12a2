// Whether others could put another file in the place of one: every folder on the way to it is looked at, and so is where a link leads.
import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';
import { refusalOf } from '../checks/refusal.ts';

const sticky = 0o1000;
const writableByOthers = 0o022;

/** As many as Linux follows. */
const mostLinks = 40;

/** In a sticky folder, such as /tmp, nobody removes or renames what is not theirs: that others may write into it leads to nothing. */
const guarded = (mode: number): number => ((mode & sticky) === 0 ? mode : mode & ~writableByOthers);

/** A link is not written, only replaced: what its mode says means nothing. */
const linkMode = 0;

/** Undefined when nobody could; else it completes "it …". Rejects as the system does when the way leads nowhere. `file`: absolute. */
export const untrustedFolder = async (file: string): Promise<string | undefined> => {
  let folder = path.parse(file).root;
  let left = path.dirname(file).split(path.sep);
  for (let links = 0; ; ) {
    const [name, ...rest] = left;
    if (name === undefined) return undefined;
    const at = path.join(folder, name);
    const status = await lstat(at);
    const isLink = status.isSymbolicLink();
    const why = refusalOf('', { uid: status.uid, gid: status.gid, mode: isLink ? linkMode : guarded(status.mode) });
    if (why !== undefined) return `lies in ${at}, which ${why}`;
    left = rest;
    if (!isLink) {
      folder = at;
      continue;
    }
    links += 1;
    if (links > mostLinks) throw Object.assign(new Error(`${file} leads in a circle`), { code: 'ELOOP' });
    const target = await readlink(at);
    if (path.isAbsolute(target)) folder = path.parse(target).root;
    left = [...target.split(path.sep), ...rest];
  }
};
