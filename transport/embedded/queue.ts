// One queue of the embedded broker. smqp's queue keeps the messages in order and knows which of them are out with a
// consumer; what it lacks is added here: consumers that take turns, delivery on a later turn of the event loop, the
// delivery limit of a quorum queue, expiry at the head of the queue by the injected clock (as RabbitMQ does it), a bound
// on the messages that wait, and deletion when unused.
//
// A message waits, then is out with one consumer, then is acknowledged, waits again at its old place, or is dead. It is
// never out with two consumers, and is lost only where RabbitMQ loses it: dead with no exchange or queue to take it.
import type { Message, Queue as SmqpQueue } from 'smqp';
import type { Cancel, Clock } from '../../effects/clock.ts';
import type { Delivery, Settlement } from '../port.ts';
import type { Queue } from '../topology.ts';
import { deadFrom, deliveryFrom, type Stored } from './stored.ts';

/** Deliveries in one turn of the event loop: handlers that answer at once must not starve the process. */
const deliveriesPerTurn = 256;

/** smqp removes from an array, which costs what the array is long: messages beyond these wait outside it. */
const kept = 512;

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

interface Waiting {
  readonly stored: Stored;
  /** When it expires, in the clock's monotonic time. */
  readonly due: number;
}

export class EmbeddedQueue {
  readonly spec: Queue;
  readonly #queue: SmqpQueue;
  readonly #owner: QueueOwner;
  /** What waits behind all that smqp holds. */
  #behind: Waiting[] = [];
  #attached: Attached[] = [];
  /** Messages out with a consumer, over all attachments. */
  #out = 0;
  #woken = false;
  #cancelSweep: Cancel | undefined;
  #cancelUnused: Cancel | undefined;

  constructor(spec: Queue, queue: SmqpQueue, owner: QueueOwner) {
    this.spec = spec;
    this.#queue = queue;
    this.#owner = owner;
    this.#armUnused();
  }

  offer(stored: Stored): void {
    const lifetime = Math.min(stored.expiresMs ?? Infinity, this.spec.messageTtlMs ?? Infinity);
    this.#behind.push({ stored, due: this.#owner.clock.monotonic() + lifetime });
    this.#fill();
    while (this.#waiting > (this.spec.maxLength ?? Infinity)) this.#dropHead();
    this.#sweep();
    this.#wake();
  }

  attach(consumer: QueueConsumer): Attachment {
    const attached: Attached = { consumer, out: new Set() };
    this.#attached.push(attached);
    this.#cancelUnused?.();
    this.#wake();
    const retire = (): void => {
      this.#attached = this.#attached.filter((other) => other !== attached);
      if (this.#attached.length === 0) this.#armUnused();
    };
    const abandon = (): void => {
      retire();
      for (const message of attached.out) this.#settle(attached, message, 'requeue');
    };
    return { retire, abandon };
  }

  /** The queue was deleted with all it held: later settlements mean nothing. */
  remove(): void {
    this.#cancelSweep?.();
    this.#cancelUnused?.();
    for (const { consumer, out } of this.#attached.splice(0)) {
      out.clear();
      consumer.cancelled();
    }
  }

  get #waiting(): number {
    return this.#queue.messageCount - this.#out + this.#behind.length;
  }

  #fill(): void {
    if (this.#behind.length === 0 || this.#queue.messageCount - this.#out >= kept) return;
    for (const { stored, due } of this.#behind.splice(0, kept)) {
      this.#queue.queueMessage({ due, returns: 0 }, stored, { messageId: stored.messageId });
    }
  }

  #wake(): void {
    if (this.#woken || this.#waiting === 0 || !this.#attached.some(hasRoom)) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      this.#deliver();
    });
  }

  /** Only what waits now: a message that a handler publishes in this turn is delivered in a later one. */
  #deliver(): void {
    for (let left = Math.min(this.#waiting, deliveriesPerTurn); left > 0; left--) {
      const attached = this.#nextInTurn();
      const message = attached === undefined ? undefined : this.#take();
      if (attached === undefined || message === undefined) return;
      attached.out.add(message);
      this.#out++;
      const delivery = deliveryFrom(message.content, this.spec.name, message.fields.redelivered === true);
      attached.consumer.deliver(delivery, (settlement) => this.#settle(attached, message, settlement));
    }
    this.#wake();
  }

  #nextInTurn(): Attached | undefined {
    const next = this.#attached.findIndex(hasRoom);
    if (next === -1) return undefined;
    const attached = this.#attached[next];
    this.#attached.push(...this.#attached.splice(0, next + 1));
    return attached;
  }

  #take(): Message | undefined {
    const now = this.#owner.clock.monotonic();
    for (;;) {
      this.#fill();
      const message = this.#queue.get();
      if (!message) return undefined;
      if (message.fields['due'] > now) return message;
      this.#bury(message);
    }
  }

  #settle({ out }: Attached, message: Message, settlement: Settlement): void {
    if (!out.delete(message)) return;
    this.#out--;
    switch (settlement) {
      case 'ack':
        message.ack();
        break;
      case 'requeue':
        this.#giveBack(message);
        break;
      case 'reject':
        this.#bury(message);
        break;
    }
    this.#sweep();
    this.#wake();
  }

  #giveBack(message: Message): void {
    const returns: number = message.fields['returns'] + 1;
    const limit = this.spec.type === 'quorum' ? (this.spec.deliveryLimit ?? Infinity) : Infinity;
    if (returns > limit) {
      this.#bury(message);
      return;
    }
    message.fields['returns'] = returns;
    message.nack(false, true);
  }

  #bury(message: Message): void {
    const stored: Stored = message.content;
    message.ack();
    if (this.spec.deadLetter !== undefined) this.#owner.deadLetter(deadFrom(stored, this.spec.deadLetter));
  }

  #dropHead(): void {
    this.#fill();
    const head = this.#queue.get();
    if (head) this.#bury(head);
  }

  #sweep(): void {
    const now = this.#owner.clock.monotonic();
    let head = this.#queue.peek(true);
    for (; head !== undefined && head.fields['due'] <= now; head = this.#queue.peek(true)) this.#dropHead();
    if (head === undefined || head.fields['due'] === Infinity || this.#cancelSweep !== undefined) return;
    this.#cancelSweep = this.#owner.clock.after(head.fields['due'] - now, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
    });
  }

  #armUnused(): void {
    if (this.spec.expiresMs === undefined) return;
    this.#cancelUnused?.();
    this.#cancelUnused = this.#owner.clock.after(this.spec.expiresMs, () => this.#owner.unused(this));
  }
}

const hasRoom = ({ consumer, out }: Attached): boolean => out.size < consumer.prefetch;
