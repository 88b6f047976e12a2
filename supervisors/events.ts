// What supervision tells the rest of the program: each event is logged once here, and given to a listener that counts it.
import { BrokerTrouble } from '../actors/broker/trouble.ts';
import type { Crash } from '../actors/system.ts';
import type { Logger } from '../effects/logger.ts';
import { assertNever } from '../protocol/result.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Directive } from './policy/decider.ts';

/** Why a child failed. `gave-up`: the child is a supervisor, and what failed below it was beyond its help. */
export type FailureReason = Crash['reason'] | 'gave-up';

/** What follows from a failure. `none`: its supervisor is ending, and the child with it. */
export type Consequence = Directive | 'none';

/** Why a child is begun anew: it failed, one before it did (rest-for-one), or its whole supervisor was begun anew. */
export type RestartCause = 'failure' | 'sibling' | 'parent';

export type SupervisionEvent =
  /** A child failed, and this is what follows. */
  | { readonly type: 'failed'; readonly path: string; readonly reason: FailureReason; readonly consequence: Consequence; readonly error: unknown }
  | { readonly type: 'restarted'; readonly path: string; readonly cause: RestartCause }
  /** Ended for good. */
  | { readonly type: 'stopped'; readonly path: string }
  /** A handler or a drain outlasted the shutdown time and was abandoned. */
  | { readonly type: 'forced'; readonly path: string; readonly afterMs: number }
  /** A drain, a release or a handler failed while its actor was ending. The end went on. */
  | { readonly type: 'endFailed'; readonly path: string; readonly error: unknown }
  /** What the actor held may still be held; its successor begins all the same. */
  | { readonly type: 'releaseTimedOut'; readonly path: string; readonly afterMs: number }
  /** A supervisor gives up: too many restarts, or a failure it was told not to handle. Its parent decides; a root ends the program. */
  | { readonly type: 'escalated'; readonly path: string; readonly error: unknown };

/** Counts what failed, whatever was decided of it. */
export const countEvent =
  (metrics: Pick<Metrics, 'restarted'>) =>
  (event: SupervisionEvent): void => {
    if (event.type === 'failed') metrics.restarted(event.reason, event.consequence);
  };

export const logEvent = (logger: Logger, event: SupervisionEvent): void => {
  const { path } = event;
  switch (event.type) {
    case 'failed':
      // The network's or the broker's doing, and expected: its stack would tell nobody anything.
      if (event.error instanceof BrokerTrouble && !event.error.lasting) {
        const { code, message } = event.error;
        logger.warn(`${path} ended: ${message}`, { path, reason: event.reason, directive: event.consequence, code });
        return;
      }
      logger.error(`${path} failed (${event.reason}): ${event.consequence}`, { path, reason: event.reason, directive: event.consequence, err: event.error });
      return;
    case 'restarted':
      logger.warn(`${path} begins anew (${event.cause})`, { path, cause: event.cause });
      return;
    case 'stopped':
      logger.debug(`${path} has stopped`, { path });
      return;
    case 'forced':
      logger.warn(`${path} did not come to rest within ${event.afterMs} ms and was stopped`, { path });
      return;
    case 'endFailed':
      logger.error(`${path} failed while it was ending`, { path, err: event.error });
      return;
    case 'releaseTimedOut':
      logger.error(`${path} did not release what it holds within ${event.afterMs} ms`, { path });
      return;
    case 'escalated':
      logger.error(`${path} gives up`, { path, err: event.error });
      return;
    default:
      assertNever(event);
  }
};
