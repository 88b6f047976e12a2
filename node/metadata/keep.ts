// Keeps what the cloud says of this machine while the daemon runs.
//
//   asking    the sources are asked, at the start at once unless they have just been.
//   resting   until the next time: an hour after an answer, after a growing pause without one. What was known stays; so it does when
//             only a source answers that stands behind the one that said it, and means another machine.
//   ended     told to close; or there is nothing to ask; or the cloud says that this is another instance than the one that the
//             daemon began as: then its state is another machine's, and it must begin anew.
//
// Every answer is kept in run/metadata.json for the next start. It never holds anything up and never fails: a cloud that says no, or
// not so often, is asked later.
import { pause, type Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { Random } from '../../effects/random.ts';
import { fail, type Failure } from '../../protocol/result.ts';
import type { ChangingLayer } from '../config/layers.ts';
import { systemCode } from '../home/system-error.ts';
import { writeCache } from './cache.ts';
import { outranked, type Finder } from './find.ts';
import type { MachineIdentity } from './machine-identity.ts';
import { isOfFiles, type Metadata } from './metadata.ts';
import type { Instance } from './resolve.ts';

export interface KeptMetadata extends ChangingLayer {
  /** Resolves when this is another instance than the daemon began as. */
  readonly replaced: Promise<Failure>;
  close(): Promise<void>;
}

export interface KeepOptions {
  readonly instance: Instance;
  readonly finder: Finder;
  readonly machine: MachineIdentity;
  /** The node's `run/`, which exists. */
  readonly run: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const everyMs = 3_600_000;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

const isOfNetwork = ({ sources }: Finder): boolean => sources.some((source) => !isOfFiles(source));

export const keepMetadata = ({ clock, finder, instance, logger, machine, random, run }: KeepOptions): KeptMetadata => {
  const stop = new AbortController();
  const replaced = Promise.withResolvers<Failure>();
  const listeners = new Set<() => void>();
  let known = instance.metadata;
  let complaint = '';

  /** Not all machines of a cluster at the same moment. */
  const about = (ms: number): number => Math.round(ms * (0.8 + 0.4 * random.next()));

  const keep = (metadata: Metadata): void => {
    const names = instance.from === 'machine' ? [instance.id, ...instance.knownAs] : instance.knownAs;
    const ofThis = metadata.instanceId === instance.id || instance.from === 'machine';
    try {
      writeCache(run, { metadata, knownAs: ofThis ? names.filter((name) => name !== metadata.instanceId) : [], machine, at: clock.now() });
    } catch (error) {
      logger.warn(`the cloud's metadata cannot be kept for the next start (${systemCode(error)})`);
    }
  };

  const take = (metadata: Metadata): void => {
    const { instanceId } = metadata;
    keep(metadata);
    complaint = '';
    if (instanceId !== undefined && instanceId !== instance.id && instance.from === 'cloud') {
      const line = `this machine is instance ${instanceId} now, and jetpackd began as instance ${instance.id}: it starts again, with fresh state`;
      stop.abort();
      replaced.resolve(fail('instance_changed', line).error);
      return;
    }
    if (instanceId !== undefined && instance.from === 'machine' && known?.instanceId !== instanceId) {
      logger.info(`the cloud says that this is instance ${instanceId}: jetpackd goes by that id from its next start on`);
    }
    const same = JSON.stringify(known?.tree) === JSON.stringify(metadata.tree);
    known = metadata;
    if (!same) for (const listener of listeners) listener();
  };

  const ask = async (): Promise<boolean> => {
    const { metadata, reasons } = await finder.find(stop.signal);
    if (stop.signal.aborted) return false;
    const unfit = metadata === undefined ? undefined : outranked(finder, metadata, known);
    if (metadata !== undefined && unfit === undefined) {
      take(metadata);
      return true;
    }
    // Once for each reason. A machine in no cloud has nothing to complain of.
    const reason = [...reasons, ...(unfit === undefined ? [] : [unfit])].join('; ');
    if (isOfNetwork(finder) && reason !== complaint) logger.warn(`the cloud's metadata cannot be had, and is asked for again: ${reason}`);
    complaint = reason;
    return false;
  };

  const live = async (): Promise<void> => {
    if (instance.isFresh && instance.metadata !== undefined) {
      take(instance.metadata);
      await pause(clock, about(everyMs), stop.signal);
    }
    for (let pauseMs = firstPauseMs; !stop.signal.aborted; ) {
      const answered = await ask();
      pauseMs = answered ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2);
      if (!stop.signal.aborted) await pause(clock, about(answered ? everyMs : pauseMs), stop.signal);
    }
  };

  const life = finder.sources.length === 0 ? Promise.resolve() : live();
  return {
    tree: () => known?.tree ?? {},
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    replaced: replaced.promise,
    async close() {
      stop.abort();
      await life;
    },
  };
};
