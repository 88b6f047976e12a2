// What keeps a question to the server from it, where that is not the server.
import type { ErrorCode } from '../../../protocol/errors.ts';
import { assertNever, type Failure } from '../../../protocol/result.ts';
import type { PublishOutcome, TransportStatus } from '../../../transport/port.ts';
import type { SyncLink } from './sync.ts';

const away = (message: string, code: ErrorCode = 'broker_unreachable'): Failure => ({ code, message });

/** How the broker stands after a status: why nothing reaches it, undefined while something does. */
export const brokerTrouble = (before: Failure | undefined, status: TransportStatus): Failure | undefined => {
  switch (status.type) {
    case 'connected':
    case 'unblocked':
      return undefined;
    case 'disconnected':
    case 'failed':
      return away(`the broker is away: ${status.reason}`, status.code);
    case 'blocked':
      // It is there, so it is no failure of its own.
      return away(`the broker takes no messages for now: ${status.reason}`, 'wait_unmet');
    case 'connecting':
    case 'consumerShared':
    case 'consumerLost':
    case 'handlerFailed':
    case 'settlementDropped':
    case 'closed':
      return before;
    default:
      return assertNever(status);
  }
};

/** Whether the broker has said anything of a publish. */
export const isAnswered = ({ outcome }: PublishOutcome): boolean => outcome !== 'unconfirmed' && outcome !== 'closed';

/** So long a broker may take over a publish before it counts as silent, milliseconds. */
const silentMs = 1_000;

/** How long the broker has been asked without a word of it: confirms are words, and so is whatever it brings. */
export class BrokerSilence {
  /** When the first publish since its last word was sent; undefined while it owes nothing. */
  #since: number | undefined;

  asked(now: number): void {
    this.#since ??= now;
  }

  heard(): void {
    this.#since = undefined;
  }

  isLong(now: number): boolean {
    return this.#since !== undefined && now - this.#since >= silentMs;
  }
}

/** `silent`: it has been asked for long without a word. */
export const brokerAway = (trouble: Failure | undefined, link: SyncLink, silent: boolean): Failure | undefined => {
  if (trouble !== undefined) return trouble;
  if (link === 'offline') return away('the broker has not been reached yet');
  return link === 'registered' && silent ? away('the broker does not answer') : undefined;
};
