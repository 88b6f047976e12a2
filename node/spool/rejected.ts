// Files of the spool that nobody can read: kept for a person to look at, each with its reason beside it, the newest only.
import { readdir, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Files kept, reasons included. */
const keptFiles = 200;

/** A name of ours stays as it is; one that somebody chose becomes short and harmless. */
const safeName = (name: string): string => encodeURIComponent(name).slice(0, 150);

/** Moves a file of the spool out of the way. The reason comes first: a crash in between repeats the move, and loses nothing. */
export const reject = async (spool: string, rejected: string, name: string, reason: string): Promise<void> => {
  const target = path.join(rejected, safeName(name));
  await writeFile(`${target}.reason`, `This file ${reason}.\n`, { mode: 0o640 });
  await rename(path.join(spool, name), target);
  const names = (await readdir(rejected)).sort();
  for (const oldest of names.slice(0, Math.max(0, names.length - keptFiles))) await unlink(path.join(rejected, oldest));
};
