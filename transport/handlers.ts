// The handlers of one subscription that are under way. A handler that throws or rejects counts as `requeue` and is
// reported; nothing of it reaches the adapter that delivered. A handler that answers at once is settled at once.
import type { Delivery, DeliveryHandler, Settlement } from './port.ts';
import { reasonOf } from './reason.ts';

export class Handlers {
  readonly #handle: DeliveryHandler;
  readonly #failed: (reason: string) => void;
  #running = 0;
  readonly #idle: (() => void)[] = [];

  constructor(handle: DeliveryHandler, failed: (reason: string) => void) {
    this.#handle = handle;
    this.#failed = failed;
  }

  run(delivery: Delivery, settle: (settlement: Settlement) => void): void {
    this.#running++;
    const finish = (settlement: Settlement): void => {
      settle(settlement);
      this.#running--;
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
    };
    const crash = (error: unknown): void => {
      this.#failed(reasonOf(error));
      finish('requeue');
    };
    let answer: Settlement | Promise<Settlement>;
    try {
      answer = this.#handle(delivery);
    } catch (error) {
      crash(error);
      return;
    }
    if (typeof answer === 'string') finish(answer);
    else void answer.then(finish, crash);
  }

  /** Resolves when no handler is under way. */
  idle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => void this.#idle.push(resolve));
  }
}
