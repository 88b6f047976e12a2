// Settles the deliveries of one channel, acknowledgements several at a time.
//
// A delivery is open from `arrived` until it is settled; deliveries that came and were not settled yet are held in the order
// of their tags. What is acknowledged by handlers that end together goes out together: one acknowledgement up to the newest
// tag before which nothing is open, and one for each beyond. An ack "up to" a tag settles every earlier delivery of the
// channel, so it is sent only for a tag that has no open one before it. Rejections go out at once.
import type { Settlement } from '../port.ts';

export interface Settler {
  ack(tag: number, upTo: boolean): void;
  reject(tag: number, requeue: boolean): void;
}

export class Settlements {
  readonly #settler: Settler;
  /** Tags in order of arrival, from the oldest that is open or waits to be acknowledged. */
  #tags: number[] = [];
  #first = 0;
  readonly #open = new Set<number>();
  #acked: number[] = [];

  constructor(settler: Settler) {
    this.#settler = settler;
  }

  arrived(tag: number): void {
    this.#tags.push(tag);
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
    const oldestOpen = this.#oldestOpen();
    let upTo: number | undefined;
    for (const tag of acked) {
      if (oldestOpen !== undefined && tag > oldestOpen) this.#settler.ack(tag, false);
      else if (upTo === undefined || tag > upTo) upTo = tag;
    }
    if (upTo !== undefined) this.#settler.ack(upTo, true);
  }

  /** Forgets what is before it. */
  #oldestOpen(): number | undefined {
    for (; this.#first < this.#tags.length; this.#first += 1) {
      const tag = this.#tags[this.#first];
      if (tag !== undefined && this.#open.has(tag)) break;
    }
    if (this.#first * 2 > this.#tags.length) {
      this.#tags = this.#tags.slice(this.#first);
      this.#first = 0;
    }
    return this.#tags[this.#first];
  }
}
