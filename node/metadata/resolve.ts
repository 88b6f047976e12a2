// Which instance this machine is, before its daemon opens anything: what the option says, else what the cloud says, else what the
// machine says of itself.
//
// What the cloud said before is believed without asking while it can only be of this machine: it was asked for by a machine with the same
// hardware id, or in this very boot. A copy of a disk brings the file along to another machine, where neither is so; there, and
// where nothing is known, the cloud is asked, for a bounded time. When it does not answer, what it said before still counts for
// a machine that goes by the same id. Nothing is written here.
import type { Logger } from '../../effects/logger.ts';
import type { ServedMachine } from '../home/instance-record.ts';
import type { CachedMetadata } from './cache.ts';
import { outranked, type Finder } from './find.ts';
import type { MachineIdentity } from './machine-identity.ts';
import type { Metadata } from './metadata.ts';

export interface Instance {
  /** The node's instance id. */
  readonly id: string;
  readonly from: 'option' | 'cloud' | 'machine';
  /** Other ids that this same machine may have run under: what is kept under them is its own as far as the home's record names them (`ownNames`). */
  readonly knownAs: readonly string[];
  /** As far as it is known now. */
  readonly metadata: Metadata | undefined;
  /** The cloud has just said it. */
  readonly isFresh: boolean;
}

export interface ResolveOptions {
  /** By the option. */
  readonly given: string | undefined;
  readonly machine: MachineIdentity;
  readonly cached: CachedMetadata | undefined;
  /** Where the home was served last, and in which boot; absent: it never was. */
  readonly served?: ServedMachine | undefined;
  readonly finder: Finder;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

const unique = (names: readonly string[], id: string): readonly string[] => [...new Set(names)].filter((name) => name !== id);

const byCloud = (metadata: Metadata, id: string, { cached, machine, served }: ResolveOptions, isFresh: boolean): Instance => {
  const before = cached?.metadata.instanceId === id ? cached.knownAs : [];
  // A copy of a disk has the id of its system too, but not in the boot in which the first machine was served.
  const isOwn = machine.isHardware || (served?.id === machine.id && served.bootId === machine.bootId);
  return { id, from: 'cloud', knownAs: unique([...before, ...(isOwn ? [machine.id] : [])], id), metadata, isFresh };
};

/** What the cloud said of it before is a name of a machine that goes by its own id for now. */
const byMachine = (metadata: Metadata | undefined, isFresh: boolean, mine: CachedMetadata | undefined, { id }: MachineIdentity): Instance => {
  const before = mine === undefined ? [] : [...(mine.metadata.instanceId === undefined ? [] : [mine.metadata.instanceId]), ...mine.knownAs];
  return { id, from: 'machine', knownAs: unique(before, id), metadata, isFresh };
};

export const resolveInstance = async (options: ResolveOptions): Promise<Instance> => {
  const { cached, finder, given, logger, machine, signal } = options;
  const mine = cached?.machine.id === machine.id ? cached : undefined;
  const asked = finder.sources.some(({ name }) => name === mine?.metadata.source) ? mine?.metadata : undefined;
  if (given !== undefined) return { id: given, from: 'option', knownAs: [], metadata: asked, isFresh: false };
  const isSure = machine.isHardware || mine?.machine.bootId === machine.bootId;
  if (asked?.instanceId !== undefined && isSure) return byCloud(asked, asked.instanceId, options, false);
  const found = await finder.find(signal);
  const unfit = found.metadata === undefined ? undefined : outranked(finder, found.metadata, asked);
  const metadata = unfit === undefined ? found.metadata : undefined;
  const reasons = unfit === undefined ? found.reasons : [...found.reasons, unfit];
  if (metadata?.instanceId !== undefined) return byCloud(metadata, metadata.instanceId, options, true);
  if (metadata !== undefined) return byMachine(metadata, true, mine, machine);
  if (asked?.instanceId !== undefined) {
    logger.warn(`the cloud does not say which instance this is: what it said before counts (${reasons.join('; ')})`);
    return byCloud(asked, asked.instanceId, options, false);
  }
  return byMachine(undefined, finder.sources.length === 0, mine, machine);
};
