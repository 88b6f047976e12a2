// Damaged configuration files are set aside for a person to look into: the last few, not one for every time.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setAside, type SetAside } from '../../storage/set-aside.ts';

const kept = 3;

/** Moves the file to a name with the time beside its own. Of those of this file only the last three are kept. Throws file system errors. */
export const putAside = (file: string, reason: string, at: number): SetAside => {
  const aside = setAside(file, reason, at);
  const folder = path.dirname(file);
  const earlier = readdirSync(folder)
    .filter((name) => name.startsWith(`${path.basename(file)}.aside-`))
    .sort();
  for (const name of earlier.slice(0, -kept)) rmSync(path.join(folder, name), { recursive: true, force: true });
  return aside;
};
