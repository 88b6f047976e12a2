// Code around every handler, for what concerns all actors alike: metrics, seeded faults.
import type { TraceContext } from '../protocol/trace.ts';

export interface Handled {
  readonly path: string;
  readonly message: unknown;
  readonly trace: TraceContext | undefined;
}

/**
 * Wraps the handling of one message. `next` runs what is inside it and gives back the handler's value or promise; returning
 * that (or a promise that ends after it) lets the runtime know when handling has ended. To throw is to crash the actor.
 * The new state is always the handler's own: an interceptor can neither see nor change it.
 */
export type Interceptor = (handled: Handled, next: () => unknown) => unknown;

/** Runs `handle` inside the interceptors, the first outermost. */
export const intercept = (interceptors: readonly Interceptor[], handled: Handled, handle: () => unknown): unknown => {
  const from = (index: number): unknown => {
    const interceptor = interceptors[index];
    return interceptor === undefined ? handle() : interceptor(handled, () => from(index + 1));
  };
  return from(0);
};
