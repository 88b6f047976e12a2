// The messages of one queue, from their enqueueing to their end. smqp's queue keeps them in order and knows which are out
// with a consumer; what it lacks is added here: the delivery limit of a quorum queue, expiry at the head by the injected
// clock (as RabbitMQ does it), and a bound on the messages that wait.
//
// A message waits, then is out, then is acknowledged, waits again at its old place, or is dead. It is lost only where
// RabbitMQ loses it: dead with no exchange or queue to take it.
import type { Message, Queue as SmqpQueue } from 'smqp';
import type { Cancel, Clock } from '../../effects/clock.ts';
import type { Settlement } from '../port.ts';
import type { Queue } from '../topology.ts';
import { deadFrom, type Stored } from './stored.ts';

/** smqp removes from an array, which costs what the array is long: messages beyond these wait outside it. */
const kept = 512;

interface Waiting {
  readonly stored: Stored;
  /** When it expires, in the clock's monotonic time. */
  readonly due: number;
}

export class Backlog {
  readonly #spec: Queue;
  readonly #queue: SmqpQueue;
  readonly #clock: Clock;
  readonly #deadLetter: (stored: Stored) => void;
  /** What waits behind all that smqp holds. */
  #behind: Waiting[] = [];
  #out = 0;
  #cancelSweep: Cancel | undefined;

  constructor(spec: Queue, queue: SmqpQueue, clock: Clock, deadLetter: (stored: Stored) => void) {
    this.#spec = spec;
    this.#queue = queue;
    this.#clock = clock;
    this.#deadLetter = deadLetter;
  }

  get waiting(): number {
    return this.#queue.messageCount - this.#out + this.#behind.length;
  }

  offer(stored: Stored): void {
    const lifetime = Math.min(stored.expiresMs ?? Infinity, this.#spec.messageTtlMs ?? Infinity);
    this.#behind.push({ stored, due: this.#clock.monotonic() + lifetime });
    while (this.waiting > (this.#spec.maxLength ?? Infinity)) this.#dropHead();
    this.#sweep();
  }

  /** The next message that has not expired; it is out then. */
  take(): Message | undefined {
    const now = this.#clock.monotonic();
    for (;;) {
      this.#fill();
      const message = this.#queue.get();
      if (!message) return undefined;
      if (message.fields['due'] <= now) this.#bury(message);
      else {
        this.#out++;
        return message;
      }
    }
  }

  /** Ends the outing of a message. */
  settle(message: Message, settlement: Settlement): void {
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
  }

  /** The queue is gone. */
  stop(): void {
    this.#cancelSweep?.();
  }

  #fill(): void {
    if (this.#behind.length === 0 || this.#queue.messageCount - this.#out >= kept) return;
    for (const { stored, due } of this.#behind.splice(0, kept)) {
      this.#queue.queueMessage({ due, returns: 0 }, stored, { messageId: stored.messageId });
    }
  }

  #giveBack(message: Message): void {
    const returns: number = message.fields['returns'] + 1;
    const limit = this.#spec.type === 'quorum' ? (this.#spec.deliveryLimit ?? Infinity) : Infinity;
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
    if (this.#spec.deadLetter !== undefined) this.#deadLetter(deadFrom(stored, this.#spec.deadLetter));
  }

  #dropHead(): void {
    this.#fill();
    const head = this.#queue.get();
    if (head) this.#bury(head);
  }

  /** Drops what has expired at the head, and comes back when the next head does. */
  #sweep(): void {
    const now = this.#clock.monotonic();
    let due = this.#headDue();
    for (; due <= now; due = this.#headDue()) this.#dropHead();
    if (due === Infinity || this.#cancelSweep !== undefined) return;
    this.#cancelSweep = this.#clock.after(due - now, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
    });
  }

  #headDue(): number {
    this.#fill();
    return this.#queue.peek(true)?.fields['due'] ?? Infinity;
  }
}
