// The scripts of a spec, out of its image: files at the top level of scripts/, in the order of their names by code unit, which
// is the same on every machine whatever its language.
import path from 'node:path';
import type { FileEntry, Image } from './image.ts';

export interface SpecScript {
  readonly name: string;
  readonly sha256: string;
}

const folder = 'scripts/';
/** Links to links to links. */
const longestChain = 40;

const isScriptName = (name: string): boolean => !name.includes('/') && !name.startsWith('.') && !name.endsWith('~') && !name.endsWith('.bak');

/** The file that stands at a path of the image, itself or through links. */
const fileAt = (image: Image, place: string, chain = 0): FileEntry | undefined => {
  const entry = image.find((one) => one.path === place);
  if (entry?.kind === 'file') return entry;
  if (entry?.kind !== 'link' || chain >= longestChain) return undefined;
  return fileAt(image, path.posix.join(path.posix.dirname(place), entry.target), chain + 1);
};

export const scriptsOf = (image: Image): readonly SpecScript[] => {
  const names = image.filter((entry) => entry.path.startsWith(folder)).map((entry) => entry.path.slice(folder.length));
  return names
    .filter(isScriptName)
    .sort()
    .flatMap((name) => {
      const file = fileAt(image, `${folder}${name}`);
      return file === undefined ? [] : [{ name, sha256: file.sha256 }];
    });
};
