// The blobs of a project: files that project.ini names under [blobs], by path or with `*` for anything within a word.
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { globMatcher } from './glob.ts';
import { fileEntry, newFolder, type Image, type ImageEntry } from './image.ts';
import { isWithin, type ProjectSource } from './locker.ts';
import { giveUp, reading } from './trouble.ts';

/** As in a shell, `*` passes over hidden names unless the dot is written. */
const matchesOf = (names: readonly string[], word: string): readonly string[] => {
  const matches = globMatcher(word);
  return names.filter((name) => matches(name) && (word.startsWith('.') || !name.startsWith('.'))).sort();
};

/** Paths below `folder` that a path with `*` names. */
const expand = async (folder: string, words: readonly string[], before = ''): Promise<readonly string[]> => {
  const [word, ...rest] = words;
  if (word === undefined) return [before];
  const here = path.join(folder, before);
  // What is no folder has nothing in it that could match.
  const names = word.includes('*') ? matchesOf(await readdir(here).catch(() => []), word) : [word];
  const paths: string[] = [];
  for (const name of names) paths.push(...(await expand(folder, rest, path.posix.join(before, name))));
  return paths;
};

const foldersOf = (file: string): readonly string[] => {
  const words = file.split('/').slice(0, -1);
  return words.map((_, index) => words.slice(0, index + 1).join('/'));
};

/** The image of a project's blobs. Throws `project_missing` for one that is named and not there. */
export const blobImage = async ({ ini, root }: ProjectSource, signal: AbortSignal): Promise<Image> => {
  const folder = path.join(root, 'blobs');
  const entries = new Map<string, ImageEntry>();
  for (const pattern of ini.blobs) {
    const files = await expand(folder, pattern.split('/'));
    if (files.length === 0) giveUp('project_missing', `${path.join(folder, pattern)} is named in project.ini and is not there`);
    for (const file of files) {
      if (entries.has(file)) continue;
      const named = path.join(folder, file);
      const real = await realpath(named).catch(() => giveUp('project_missing', `${named} is named in project.ini and is not there`));
      if (!isWithin(root, real)) giveUp('project_unusable', `${named} leads outside the project`);
      const status = await reading(named, () => stat(real));
      if (!status.isFile()) giveUp('project_unusable', `${named} is named in project.ini and is not a file: name files, or ${pattern}/*`);
      for (const parent of foldersOf(file)) entries.set(parent, newFolder(parent));
      entries.set(file, await fileEntry(file, real, status, signal));
    }
  }
  return [...entries.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
};
