// The projects of a node: from the locker into its home, and which of their scripts have run there.
//
// It keeps no state but in files: the copies, and a marker for each script that ended well. A sync may be killed or aborted
// at any point and be begun again. It runs no script.
import { mkdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ConvergeStep, Projects, Synced } from '../../actors/node/converge/ports.ts';
import type { Clock } from '../../effects/clock.ts';
import type { SpecReference } from '../../protocol/configuration.ts';
import type { Result } from '../../protocol/result.ts';
import { withUmask } from '../home/umask.ts';
import { blobImage } from './blobs.ts';
import { imageOf, type Image } from './image.ts';
import { markerFile, specPlaces } from './layout.ts';
import { findProject, findSpec, type ProjectSource } from './locker.ts';
import { readMarker, renewMarker, standingOf, writeMarker } from './markers.ts';
import { scriptsOf } from './scripts.ts';
import { selectSpecs, type SelectedSpec } from './select-specs.ts';
import { syncFolder } from './sync-folder.ts';
import { caught, reading, valueOf, writing } from './trouble.ts';

export interface ProjectsOptions {
  readonly home: string;
  /** The cloud's id of this machine. */
  readonly instanceId: string;
  /** Other ids that this same machine has had. */
  readonly knownAs?: readonly string[];
  readonly clock: Clock;
}

interface FoundSpec {
  readonly reference: SelectedSpec;
  readonly source: ProjectSource;
  readonly image: Image;
}

type SpecImage = Pick<FoundSpec, 'reference' | 'image'>;

const makeFolders = (...folders: readonly string[]): Promise<void> =>
  writing(folders.join(', '), async () => {
    for (const folder of folders) withUmask(0o027, () => mkdirSync(folder, { recursive: true }));
  });

/** Undefined for an optional one that is not there; the warning says so. */
const findOne = async <T>(reference: SelectedSpec, warnings: string[], find: () => Promise<T>): Promise<T | undefined> => {
  const found = await caught(find);
  if (found.ok || found.error.code !== 'project_missing' || reference.optional !== true) return valueOf(found);
  warnings.push(`Project '${reference.project} v${reference.version}' spec '${reference.spec}' is optional and passed over: ${found.error.message}`);
  return undefined;
};

const findInLocker = async (reference: SelectedSpec, signal: AbortSignal): Promise<FoundSpec> => {
  const source = await findProject(reference, reference.folder);
  const content = await findSpec(source, reference.spec);
  return { reference, source, image: content === undefined ? [] : await imageOf(content, source.root, signal) };
};

const findInHome = async (home: string, reference: SelectedSpec, signal: AbortSignal): Promise<SpecImage> => {
  const { spec } = specPlaces(home, reference.project, reference.spec);
  const top = await reading(spec, () => realpath(spec));
  return { reference, image: await imageOf(top, top, signal) };
};

export const createProjects = ({ clock, home, instanceId, knownAs = [] }: ProjectsOptions): Projects => {
  const stepsOf = async ({ image, reference }: SpecImage, warnings: string[]): Promise<readonly ConvergeStep[]> => {
    const { project, spec, version } = reference;
    const places = specPlaces(home, project, spec);
    const steps: ConvergeStep[] = [];
    for (const { name, sha256 } of scriptsOf(image)) {
      const kept = markerFile(places, name);
      const read = await readMarker(kept);
      if (!read.ok) warnings.push(read.error);
      const marker = read.ok ? read.value : undefined;
      const standing = standingOf(marker, sha256, [instanceId, ...knownAs]);
      const renewed = marker === undefined || standing === 'will run' ? undefined : renewMarker(kept, marker, instanceId);
      if (renewed?.ok === false) warnings.push(renewed.error.message);
      const file = path.join(places.scripts, name);
      const log = path.join(places.logs, `${name}.out`);
      const paths = { file, folder: places.scripts, projectPath: places.project, specPath: places.spec, log };
      steps.push({ project, version, spec, script: name, sha256, standing, ranIn: standing === 'has run' ? marker?.run : undefined, ...paths });
    }
    return steps;
  };

  const find = async (specs: readonly SpecReference[], locker: string | undefined, warnings: string[], signal: AbortSignal): Promise<readonly FoundSpec[]> => {
    const found: FoundSpec[] = [];
    for (const reference of selectSpecs(specs, locker)) {
      const one = await findOne(reference, warnings, () => findInLocker(reference, signal));
      if (one !== undefined) found.push(one);
    }
    for (const ini of new Set(found.map(({ source }) => source.ini.warnings.join('\n')))) if (ini !== '') warnings.push(...ini.split('\n'));
    return found;
  };

  const allSteps = async (found: readonly SpecImage[], warnings: string[]): Promise<Synced> => {
    const steps: ConvergeStep[] = [];
    for (const one of found) steps.push(...(await stepsOf(one, warnings)));
    return { steps, warnings };
  };

  const copy = async ({ image, reference, source }: FoundSpec, withBlobs: boolean, signal: AbortSignal): Promise<void> => {
    const places = specPlaces(home, reference.project, reference.spec);
    await makeFolders(places.project, places.logs, places.markers);
    if (withBlobs) await syncFolder(await blobImage(source, signal), places.blobs, signal);
    await syncFolder(image, places.spec, signal);
  };

  return {
    sync: (specs, locker, signal) =>
      caught(async () => {
        const warnings: string[] = [];
        const found = await find(specs, locker, warnings, signal);
        const synced = new Set<string>();
        for (const one of found) {
          await copy(one, !synced.has(one.reference.project), signal);
          synced.add(one.reference.project);
        }
        return allSteps(found, warnings);
      }),
    kept: (specs, locker, signal) =>
      caught(async () => {
        const warnings: string[] = [];
        const found: SpecImage[] = [];
        for (const reference of selectSpecs(specs, locker)) {
          const one = await findOne(reference, warnings, () => findInHome(home, reference, signal));
          if (one !== undefined) found.push(one);
        }
        return allSteps(found, warnings);
      }),
    plan: (specs, locker, signal): Promise<Result<Synced>> =>
      caught(async () => {
        const warnings: string[] = [];
        return allSteps(await find(specs, locker, warnings, signal), warnings);
      }),
    async endedWell({ id, project, script, spec }) {
      const marker = await readMarker(markerFile(specPlaces(home, project, spec), script));
      return marker.ok && marker.value?.job === id;
    },
    async mark({ project, script, sha256, spec, version }, { job, run }) {
      return writeMarker(markerFile(specPlaces(home, project, spec), script), { sha256, instanceId, at: clock.now(), version, run, job });
    },
  };
};
