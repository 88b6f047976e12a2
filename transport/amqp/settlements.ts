// Settles the deliveries of one channel, acknowledgements several at a time.
//
// A delivery is open from `arrived` until it is settled, and forgotten then; those that are open are held in the order of
// their tags. What is acknowledged goes out together: one acknowledgement up to the newest tag before which nothing is open,
// and one for each beyond. An ack "up to" a tag settles every earlier delivery of the channel, so it is sent only for a tag that
// has no open one before it. Each costs the broker an entry in the log of its queue, so they are gathered: for a moment, and until
// they are a quarter of what the broker delivers at a time, which leaves it enough to deliver. Rejections go out at once.
// What comes, or still waits, when the channel is gone is counted as dropped.
import type { Cancel, Clock } from '../../effects/clock.ts';
import type { Settlement } from '../port.ts';

/** The channel of the deliveries. */
export interface Settler {
  readonly alive: boolean;
  ack(tag: number, upTo: boolean): void;
  reject(tag: number, requeue: boolean): void;
  /** So many settlements have no channel to go out on. */
  dropped(count: number): void;
}

/** The longest time that an acknowledgement waits for others, milliseconds. */
const gatherMs = 2;

export class Settlements {
  readonly #settler: Settler;
  readonly #clock: Pick<Clock, 'after'>;
  /** So many acknowledgements wait for no more. */
  readonly #enough: number;
  /** Tags in the order of arrival, which a set keeps. */
  readonly #open = new Set<number>();
  #acked: number[] = [];
  #cancelTimer: Cancel | undefined;

  /** `prefetch`: deliveries that the broker lets be open at a time. */
  constructor(settler: Settler, prefetch: number, clock: Pick<Clock, 'after'>) {
    this.#settler = settler;
    this.#enough = Math.max(1, Math.floor(prefetch / 4));
    this.#clock = clock;
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
    if (!this.#settler.alive) return this.#settler.dropped(1);
    switch (settlement) {
      case 'ack':
        this.#acked.push(tag);
        if (this.#acked.length === this.#enough) queueMicrotask(() => this.flush());
        else this.#cancelTimer ??= this.#clock.after(gatherMs, () => this.flush());
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
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const acked = this.#acked;
    if (acked.length === 0) return;
    this.#acked = [];
    if (!this.#settler.alive) return this.#settler.dropped(acked.length);
    const [oldestOpen] = this.#open;
    let upTo: number | undefined;
    for (const tag of acked) {
      if (oldestOpen !== undefined && tag > oldestOpen) this.#settler.ack(tag, false);
      else if (upTo === undefined || tag > upTo) upTo = tag;
    }
    if (upTo !== undefined) this.#settler.ack(upTo, true);
  }
}
