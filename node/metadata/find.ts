// Asks the sources in their order: the first that answers as it should is what the cloud says of this machine. Each has its share of the
// time (node/metadata/shares.ts), so that one that hangs keeps none from being asked.
import { pause, type Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { Random } from '../../effects/random.ts';
import { assertNever, type Result } from '../../protocol/result.ts';
import { askAzure } from './azure.ts';
import { detect, isContainer, readMarks } from './detect.ts';
import { askEc2 } from './ec2.ts';
import { configDrives, seedFolders } from './folders.ts';
import { askGce } from './gce.ts';
import { usualAddress, type Metadata, type MetadataPlan, type SourceEntry } from './metadata.ts';
import { readSeed } from './nocloud.ts';
import { askOpenstack, readConfigDrive } from './openstack.ts';
import type { Effort, Reach } from './service.ts';
import { shareOf } from './shares.ts';

export interface FinderOptions {
  readonly plan: MetadataPlan;
  readonly effort?: Effort;
  /** For one look at all sources, milliseconds. */
  readonly withinMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What the machine looks like; tests have their own. */
  readonly candidates?: () => readonly SourceEntry[];
  /** How one source is asked; tests have their own. */
  readonly ask?: (source: SourceEntry, reach: Reach) => Promise<Result<Metadata, string>>;
}

export interface Found {
  readonly metadata: Metadata | undefined;
  /** Why not those before it, or none: one line each. */
  readonly reasons: readonly string[];
}

export interface Finder {
  /** Those that are asked, in order; none where there is nothing to ask. */
  readonly sources: readonly SourceEntry[];
  /** Never rejects, and takes no longer than its bound. */
  find(signal?: AbortSignal): Promise<Found>;
}

/**
 * Why what one source says does not count against what is known of another: that one stands before it in the list, and does not answer just now.
 * Undefined: it counts, as it is the same machine, or said by a source that stands no further behind.
 */
export const outranked = ({ sources }: Pick<Finder, 'sources'>, told: Metadata, known: Metadata | undefined): string | undefined => {
  if (known?.instanceId === undefined || told.instanceId === known.instanceId) return undefined;
  const placeOf = ({ source }: Metadata): number => sources.findIndex(({ name }) => name === source);
  if (placeOf(known) < 0 || placeOf(told) <= placeOf(known)) return undefined;
  const says = told.instanceId === undefined ? 'does not say which instance this is' : `says that this is instance ${told.instanceId}`;
  return `${told.source} ${says}, and ${known.source}, which stands before it, said ${known.instanceId}`;
};

const usualEffort: Effort = {
  limits: { connectMs: 1_000, answerMs: 2_000, bytes: 1024 * 1024 },
  attempts: 4,
  firstPauseMs: 250,
  longestPauseMs: 2_000,
};

const usualWithinMs = 10_000;

const detected = (): readonly SourceEntry[] => (isContainer() ? (['configdrive', 'nocloud'] as const) : detect(readMarks('/sys'))).map((name) => ({ name }));

const firstOf = async (folders: readonly string[], read: (folder: string) => Promise<Result<Metadata, string>>): Promise<Result<Metadata, string>> => {
  const errors: string[] = [];
  for (const folder of folders) {
    const found = await read(folder);
    if (found.ok) return found;
    errors.push(found.error);
  }
  return { ok: false, error: errors.join('; ') };
};

const askOne = ({ name, place }: SourceEntry, reach: Reach): Promise<Result<Metadata, string>> => {
  switch (name) {
    case 'azure':
      return askAzure(place ?? usualAddress, reach);
    case 'ec2':
      return askEc2(place ?? usualAddress, reach);
    case 'openstack':
      return askOpenstack(place ?? usualAddress, reach);
    case 'gce':
      return askGce(place ?? usualAddress, reach);
    case 'configdrive':
      return firstOf(place === undefined ? configDrives() : [place], readConfigDrive);
    case 'nocloud':
      return firstOf(place === undefined ? seedFolders : [place], readSeed);
    default:
      return assertNever(name);
  }
};

const sourcesOf = ({ candidates = detected, plan }: FinderOptions): readonly SourceEntry[] => {
  if (plan === 'none') return [];
  return plan === 'auto' ? candidates() : plan;
};

export const createFinder = (options: FinderOptions): Finder => {
  const { ask = askOne, clock, effort = usualEffort, logger, random, withinMs = usualWithinMs } = options;
  const sources = sourcesOf(options);

  /** The error completes "it …". */
  const askWithin = async (source: SourceEntry, ms: number, signal: AbortSignal | undefined): Promise<Result<Metadata, string>> => {
    const over = new AbortController();
    const until = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    const isLate = pause(clock, ms, until).then((): Result<Metadata, string> => ({ ok: false, error: signal?.aborted === true ? 'was given up' : `has not answered within ${ms} ms` }));
    try {
      return await Promise.race([ask(source, { effort, clock, random, signal: until }), isLate]);
    } finally {
      over.abort();
    }
  };

  return {
    sources,
    async find(signal) {
      const end = clock.monotonic() + withinMs;
      const reasons: string[] = [];
      for (const [place, source] of sources.entries()) {
        const asked = await askWithin(source, shareOf(sources, place, Math.max(0, end - clock.monotonic())), signal);
        if (asked.ok) return { metadata: asked.value, reasons };
        reasons.push(`${source.name} ${asked.error}`);
        logger.debug(`no metadata of ${source.name}: it ${asked.error}`);
        if (signal?.aborted === true) break;
      }
      return { metadata: undefined, reasons };
    },
  };
};
