// Settles the deliveries of one channel, acknowledgements several at a time.
//
// A delivery is open from `arrived` until it is settled, and forgotten then; those that are open are held in the order of
// their tags. What is acknowledged by handlers that end together goes out together: one acknowledgement up to the newest
// tag before which nothing is open, and one for each beyond. An ack "up to" a tag settles every earlier delivery of the
// channel, so it is sent only for a tag that has no open one before it. Rejections go out at once.
import type { Settlement } from '../port.ts';

export interface Settler {
  ack(tag: number, upTo: boolean): void;
  reject(tag: number, requeue: boolean): void;
}

export class Settlements {
  readonly #settler: Settler;
  /** Tags in the order of arrival, which a set keeps. */
  readonly #open = new Set<number>();
  #acked: number[] = [];

  constructor(settler: Settler) {
    this.#settler = settler;
  }

  /** Deliveries that are remembered: those that are open, and no other. */
  get open(): number {
    return this.#open.size;
  }

  arrived(tag: number): void {
    this.#open.add(tag);
  }

  settle(tag: number, settlement: Settlement): void {
    if (!this.#open.delete(tag)) return;
    switch (settlement) {
      case 'ack':
        if (this.#acked.length === 0) queueMicrotask(() => this.flush());
        this.#acked.push(tag);
        break;
      case 'requeue':
        // Not nack: from RabbitMQ 4.3 on a nack no longer counts towards the delivery limit.
        this.#settler.reject(tag, true);
        break;
      case 'reject':
        this.#settler.reject(tag, false);
        break;
    }
  }

  /** Sends the acknowledgements that wait. */
  flush(): void {
    const acked = this.#acked;
    if (acked.length === 0) return;
    this.#acked = [];
    const [oldestOpen] = this.#open;
    let upTo: number | undefined;
    for (const tag of acked) {
      if (oldestOpen !== undefined && tag > oldestOpen) this.#settler.ack(tag, false);
      else if (upTo === undefined || tag > upTo) upTo = tag;
    }
    if (upTo !== undefined) this.#settler.ack(upTo, true);
  }
}
