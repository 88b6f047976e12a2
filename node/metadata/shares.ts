// How long each source of a list may take, so that all of them are asked within the bound of a look, whichever of them hang. A service
// has its equal part of what is left when its turn comes, without what the files behind it need; what it does not use is for those
// behind it. Files answer at once, unless the disk they are on is dead.
import { isOfFiles, type SourceEntry } from './metadata.ts';

const filesMs = 500;

/** Of the source at this place, with so many milliseconds left for it and all behind it. */
export const shareOf = (sources: readonly SourceEntry[], place: number, leftMs: number): number => {
  const asked = sources.slice(place);
  const services = asked.filter((source) => !isOfFiles(source)).length;
  const files = asked.length - services;
  const forEachFiles = Math.min(filesMs, leftMs / asked.length);
  const [source] = asked;
  if (source === undefined || isOfFiles(source)) return Math.floor(forEachFiles);
  return Math.floor((leftMs - files * forEachFiles) / services);
};
