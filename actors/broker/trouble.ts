// What ends an incarnation on the broker side, and how long its successor waits.
import type { Clock } from '../../effects/clock.ts';
import { errors, JetpackError } from '../../protocol/errors.ts';
import type { Failure } from '../../protocol/result.ts';
import type { RetryDelay } from '../../transport/retry-delay.ts';

/** A crash with a known cause. `lasting`: trying again cannot help. */
export class BrokerTrouble extends JetpackError {
  readonly lasting: boolean;

  constructor({ code, message }: Failure, lasting: boolean) {
    super(code, message);
    this.lasting = lasting;
  }
}

/** Whether no restart can mend a crash; undefined for one that is not the broker's doing. */
export const lasting = (error: unknown): boolean | undefined => (error instanceof BrokerTrouble ? error.lasting : undefined);

export interface Verdict {
  readonly lasting: boolean;
  readonly retryInMs: number;
}

/**
 * What is remembered of failures over restarts, for one actor. A failure that no second attempt can mend is lasting at once;
 * a virtual host that is not opened has to be met twice in a row, for a broker that is shutting down looks the same.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #delay: RetryDelay;
  #before: Failure | undefined;
  #notBefore = 0;

  constructor(clock: Clock, delay: RetryDelay) {
    this.#clock = clock;
    this.#delay = delay;
  }

  failed(failure: Failure): Verdict {
    const { code } = failure;
    const hopeless = !errors[code].retryable && (code !== 'broker_vhost' || this.#before?.code === code);
    this.#before = failure;
    if (hopeless) return { lasting: true, retryInMs: 0 };
    const retryInMs = this.#delay.next();
    this.#notBefore = this.#clock.monotonic() + retryInMs;
    return { lasting: false, retryInMs };
  }

  succeeded(): void {
    this.#before = undefined;
  }

  /** How long the next attempt has to wait, milliseconds. */
  get remainingMs(): number {
    return Math.max(0, this.#notBefore - this.#clock.monotonic());
  }
}
