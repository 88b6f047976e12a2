// Which specs a node converges, in which order, out of what its configuration lists (reference, section 8).
import type { SpecReference } from '../../protocol/configuration.ts';
import { lockerFolder, checkNames } from './locker.ts';
import { giveUp, valueOf } from './trouble.ts';

export interface SelectedSpec extends SpecReference {
  /** The locker's folder. */
  readonly folder: string;
}

/** The agent's own project, which is no business of a converge. */
const ownProject = 'cyclecloud';

/** Lower orders first, those without one as 0; equal ones as they are listed. A spec that is listed twice is taken once. */
const inOrder = (specs: readonly SpecReference[]): readonly SpecReference[] => {
  const seen = new Set<string>();
  return specs
    .filter(({ project }) => project !== ownProject)
    .toSorted((one, other) => (one.order ?? 0) - (other.order ?? 0))
    .filter(({ locker, project, spec, version }) => {
      const name = JSON.stringify([project, version, spec, locker]);
      return !seen.has(name) && seen.add(name) !== undefined;
    });
};

/** Throws `project_unusable`. Looks at nothing in a locker. */
export const selectSpecs = (specs: readonly SpecReference[], locker: string | undefined): readonly SelectedSpec[] => {
  const projects = new Map<string, SelectedSpec>();
  return inOrder(specs).map((reference) => {
    checkNames(reference);
    const { project, version } = reference;
    const address = reference.locker ?? locker;
    if (address === undefined) return giveUp('project_unusable', `project '${project}' names no locker, and cyclecloud.locker is not set`);
    const selected = { ...reference, folder: valueOf(lockerFolder(address)) };
    const other = projects.get(project) ?? selected;
    // Both would have the same folder in the home, and the same blobs.
    if (other.version !== version) giveUp('project_unusable', `project '${project}' is listed in versions ${other.version} and ${version}: a node takes one`);
    if (other.folder !== selected.folder) giveUp('project_unusable', `project '${project}' is listed from two lockers: a node takes it from one`);
    projects.set(project, selected);
    return selected;
  });
};
