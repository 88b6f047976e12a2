// The locker of both nodes: locker/, which nothing writes to. What the projects of node.json bring, and what users uploaded.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SpecReference } from '../../protocol/configuration.ts';
import { plainLookUp, readTree } from './plain.ts';
import { filesFolder } from './rows.ts';

const folder = path.join(filesFolder, 'locker');

/** As a configuration names it: `%{locker}` in the fixture. */
export const lockerAddress = pathToFileURL(folder).href;

/** What the fixture lists. */
export const listedSpecs = plainLookUp(readTree(path.join(filesFolder, 'node.json')), 'cyclecloud.cluster_init_specs') as readonly SpecReference[]; // the fixture is right, or no node converges

export interface BlobPlaces {
  /** What somebody uploaded, and what the project brings. Undefined: there is none. */
  readonly uploaded: string | undefined;
  readonly own: string | undefined;
}

const ifThere = (...words: readonly string[]): string | undefined => {
  const file = path.join(folder, ...words);
  return existsSync(file) ? file : undefined;
};

export const blobPlaces = (project: string, blob: string): BlobPlaces => {
  const version = listedSpecs.find((spec) => spec.project === project)?.version;
  return { uploaded: ifThere('blobs', project, blob), own: version === undefined ? undefined : ifThere('projects', project, version, 'blobs', blob) };
};

/** Puts content of the listed projects where a converge leaves it. The agent's own project is none (reference, section 8). */
export const placeProjects = (home: string): void => {
  for (const { project, spec, version } of listedSpecs.filter((each) => each.project !== 'cyclecloud')) {
    cpSync(path.join(folder, 'projects', project, version, 'specs', spec, 'cluster-init'), path.join(home, 'cluster-init', project, spec), { recursive: true });
  }
};

/** Every blob in it, `PROJECT/BLOB`, each once. */
export const allBlobs = (): readonly string[] => {
  const filesIn = (...words: readonly string[]): readonly string[] =>
    readdirSync(path.join(folder, ...words), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => path.relative(path.join(folder, ...words), path.join(parentPath, name)));
  const own = listedSpecs.flatMap(({ project, version }) => (existsSync(path.join(folder, 'projects', project)) ? filesIn('projects', project, version, 'blobs').map((blob) => `${project}/${blob}`) : []));
  return [...new Set([...filesIn('blobs'), ...own])].sort();
};
