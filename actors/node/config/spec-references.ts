// What a configuration tree says about what to converge (reference, section 8).
import { specReference, type Json, type SpecReference, type Tree } from '../../../protocol/configuration.ts';
import { firstIssue } from '../../../protocol/json.ts';

export interface SpecReferences {
  readonly specs: readonly SpecReference[];
  /** `file://` and an absolute path, for the specs that name none. */
  readonly locker: string | undefined;
  /** The first thing in it that cannot be used, in one line; absent: nothing. */
  readonly flaw?: string;
}

const key = 'cyclecloud.cluster_init_specs';

const isTree = (value: Json | undefined): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

const memberOf = (tree: Tree, name: string): Json | undefined => (Object.hasOwn(tree, name) ? tree[name] : undefined);

/** Absent and null are no specs. An element that is none is left out and named as the flaw. */
export const specReferences = (tree: Tree): SpecReferences => {
  const cyclecloud = memberOf(tree, 'cyclecloud');
  if (!isTree(cyclecloud)) return { specs: [], locker: undefined };
  const named = memberOf(cyclecloud, 'locker');
  const locker = typeof named === 'string' && named !== '' ? named : undefined;
  const listed = memberOf(cyclecloud, 'cluster_init_specs') ?? [];
  if (!Array.isArray(listed)) return { specs: [], locker, flaw: `${key} is not a list` };
  const specs: SpecReference[] = [];
  let flaw: string | undefined;
  for (const [index, element] of listed.entries()) {
    const read = specReference.safeParse(element);
    if (read.success) specs.push(read.data);
    else flaw ??= `${key}[${index}] is unusable: ${firstIssue(read.error)}`;
  }
  return { specs, locker, ...(flaw === undefined ? {} : { flaw }) };
};
