// Damaged configuration files are set aside for a person to look into: the last few, not one for every time.
import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setAside, type SetAside } from '../../storage/set-aside.ts';

const kept = 3;

/** Takes away what those who are neither owner nor group may do with a file: it may hold passwords. A link is left as it is. */
export const withdrawFromOthers = (file: string): void => {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status?.isFile() === true && (status.mode & 0o007) !== 0) chmodSync(file, status.mode & 0o770);
};

/** Moves the file to a name with the time beside its own. Of those of this file only the last three are kept. Throws file system errors. */
export const putAside = (file: string, reason: string, at: number): SetAside => {
  const aside = setAside(file, reason, at);
  withdrawFromOthers(aside.path);
  const folder = path.dirname(file);
  const earlier = readdirSync(folder)
    .filter((name) => name.startsWith(`${path.basename(file)}.aside-`))
    .sort();
  for (const name of earlier.slice(0, -kept)) rmSync(path.join(folder, name), { recursive: true, force: true });
  return aside;
};
