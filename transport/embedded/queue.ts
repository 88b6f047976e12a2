// One queue of the embedded broker: its backlog and its consumers, who take turns. Deliveries come on a later turn of the
// event loop, never inside the publish or settlement that made them possible. A queue that expires is deleted when it had
// no consumer for so long. A message is never out with two consumers. Where one consumer may be active, it is the one that
// came first.
import type { Message, Queue as SmqpQueue } from 'smqp';
import type { Cancel, Clock } from '../../effects/clock.ts';
import type { Delivery, Settlement } from '../port.ts';
import type { Queue } from '../topology.ts';
import { Backlog } from './backlog.ts';
import { deliveryFrom, type Stored } from './stored.ts';

/** Deliveries in one turn of the event loop: handlers that answer at once must not starve the process. */
const deliveriesPerTurn = 256;

export interface QueueConsumer {
  readonly prefetch: number;
  deliver(delivery: Delivery, settle: (settlement: Settlement) => void): void;
  /** The queue is gone, and with it the attachment. */
  cancelled(): void;
}

export interface QueueOwner {
  readonly clock: Clock;
  deadLetter(stored: Stored): void;
  /** The queue had no consumer for as long as it lives without. */
  unused(queue: EmbeddedQueue): void;
}

/** What binds a consumer to a queue. */
export interface Attachment {
  /** Delivers no more; what is out may still be settled. */
  retire(): void;
  /** The consumer's connection died: delivers no more, and what is out waits again. */
  abandon(): void;
}

interface Attached {
  readonly consumer: QueueConsumer;
  readonly out: Set<Message>;
}

const hasRoom = ({ consumer, out }: Attached): boolean => out.size < consumer.prefetch;

export class EmbeddedQueue {
  readonly spec: Queue;
  readonly #owner: QueueOwner;
  readonly #backlog: Backlog;
  #attached: Attached[] = [];
  #woken = false;
  #cancelUnused: Cancel | undefined;

  constructor(spec: Queue, queue: SmqpQueue, owner: QueueOwner) {
    this.spec = spec;
    this.#owner = owner;
    this.#backlog = new Backlog(spec, queue, owner.clock, (stored) => owner.deadLetter(stored));
    this.#armUnused();
  }

  get consumers(): number {
    return this.#attached.length;
  }

  offer(stored: Stored): void {
    this.#backlog.offer(stored);
    this.#wake();
  }

  attach(consumer: QueueConsumer): Attachment {
    const attached: Attached = { consumer, out: new Set() };
    this.#attached.push(attached);
    this.#cancelUnused?.();
    this.#wake();
    const retire = (): void => {
      if (!this.#attached.includes(attached)) return;
      this.#attached = this.#attached.filter((other) => other !== attached);
      if (this.#attached.length === 0) this.#armUnused();
      else this.#wake();
    };
    const abandon = (): void => {
      retire();
      for (const message of attached.out) this.#settle(attached, message, 'requeue');
    };
    return { retire, abandon };
  }

  /** The queue was deleted with all it held: later settlements mean nothing. */
  remove(): void {
    this.#backlog.stop();
    this.#cancelUnused?.();
    for (const { consumer, out } of this.#attached.splice(0)) {
      out.clear();
      consumer.cancelled();
    }
  }

  #wake(): void {
    if (this.#woken || this.#backlog.waiting === 0 || !this.#active.some(hasRoom)) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      this.#deliver();
    });
  }

  /** Only what waits now: a message that a handler publishes in this turn is delivered in a later one. */
  #deliver(): void {
    for (let left = Math.min(this.#backlog.waiting, deliveriesPerTurn); left > 0; left--) {
      const attached = this.#nextInTurn();
      const message = attached === undefined ? undefined : this.#backlog.take();
      if (attached === undefined || message === undefined) return;
      attached.out.add(message);
      const delivery = deliveryFrom(message.content, this.spec.name, message.fields.redelivered === true);
      attached.consumer.deliver(delivery, (settlement) => this.#settle(attached, message, settlement));
    }
    this.#wake();
  }

  /** Those that may get a message, in turn. */
  get #active(): readonly Attached[] {
    return this.spec.singleActive === true ? this.#attached.slice(0, 1) : this.#attached;
  }

  #nextInTurn(): Attached | undefined {
    const next = this.#active.findIndex(hasRoom);
    if (next === -1) return undefined;
    const attached = this.#attached[next];
    if (this.spec.singleActive === true) return attached;
    this.#attached.push(...this.#attached.splice(0, next + 1));
    return attached;
  }

  #settle({ out }: Attached, message: Message, settlement: Settlement): void {
    if (!out.delete(message)) return;
    this.#backlog.settle(message, settlement);
    this.#wake();
  }

  #armUnused(): void {
    if (this.spec.expiresMs === undefined) return;
    this.#cancelUnused?.();
    this.#cancelUnused = this.#owner.clock.after(this.spec.expiresMs, () => this.#owner.unused(this));
  }
}
