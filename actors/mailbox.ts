// Messages on their way to one actor, first in, first out.
import type { TraceContext } from '../protocol/trace.ts';
import type { Question } from './question.ts';

export interface Envelope<M> {
  readonly message: M;
  readonly trace: TraceContext | undefined;
  /** What an asker waits for, when the message is a question. */
  readonly question: Question | undefined;
  /** Sent by the actor to itself: dies with the incarnation that sent it. */
  readonly own: boolean;
}

const smallest = 16;

/**
 * A queue over a ring of slots, so that adding and taking cost the same however much waits. The ring doubles when it is
 * full and never shrinks; who adds keeps the bound.
 */
export class Mailbox<T> {
  #slots: (T | undefined)[] = Array.from({ length: smallest });
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#first + this.#size) & (this.#slots.length - 1)] = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#size -= 1;
    return item;
  }

  /** Takes out, in order, what `chosen` picks; the rest keeps its order. */
  take(chosen: (item: T) => boolean): readonly T[] {
    const taken: T[] = [];
    for (let left = this.#size; left > 0; left -= 1) {
      const item = this.shift();
      if (item === undefined) continue;
      if (chosen(item)) taken.push(item);
      else this.push(item);
    }
    return taken;
  }

  #grow(): void {
    const slots: (T | undefined)[] = Array.from({ length: this.#slots.length * 2 });
    for (let index = 0; index < this.#size; index += 1) slots[index] = this.#slots[(this.#first + index) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#first = 0;
  }
}
