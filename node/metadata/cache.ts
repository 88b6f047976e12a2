// run/metadata.json: what the cloud said last, and of which machine. For the daemon alone: it may hold what scripts of the machine's
// owner are given.
import path from 'node:path';
import { isTree, type ExactTree } from '../../commands/exact-json.ts';
import { writeDurably } from '../home/durable-file.ts';
import { readTreeFile } from '../config/tree-file.ts';
import { idAt, listAt, textAt } from './look.ts';
import { sourceNames, type Metadata } from './metadata.ts';
import type { MachineIdentity } from './machine-identity.ts';

export interface CachedMetadata {
  readonly metadata: Metadata;
  /** Other names under which the machine with this instance id has run. */
  readonly knownAs: readonly string[];
  /** Where it was asked for. */
  readonly machine: Pick<MachineIdentity, 'id' | 'bootId'>;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

const version = '1';

export const cacheFile = (run: string): string => path.join(run, 'metadata.json');

/** Undefined when there is none, or none that can be used: the cloud can be asked again. */
export const readCache = (run: string): CachedMetadata | undefined => {
  const found = readTreeFile(cacheFile(run));
  if (found.type !== 'good' || textAt(found.tree, 'version') !== version) return undefined;
  const { tree } = found.tree;
  const source = sourceNames.find((name) => name === found.tree['source']);
  const [instanceId, id, bootId] = [idAt(found.tree, 'instanceId'), idAt(found.tree, 'machine'), idAt(found.tree, 'bootId')];
  if (source === undefined || id === undefined || bootId === undefined || !isTree(tree)) return undefined;
  const knownAs = listAt(found.tree, 'knownAs').filter((name) => typeof name === 'string');
  return { metadata: { source, ...(instanceId === undefined ? {} : { instanceId }), tree }, knownAs, machine: { id, bootId }, at: Number(textAt(found.tree, 'at') ?? 0) };
};

/** Throws what the file system says. */
export const writeCache = (run: string, { at, knownAs, machine, metadata: { instanceId, source, tree } }: CachedMetadata): void => {
  const content: ExactTree = { version: 1, source, ...(instanceId === undefined ? {} : { instanceId }), knownAs, machine: machine.id, bootId: machine.bootId, at, tree };
  const file = cacheFile(run);
  writeDurably(file, `${file}.new`, `${JSON.stringify(content)}\n`, 0o600);
};
