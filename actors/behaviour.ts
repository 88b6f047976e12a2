// A definition at work: the state of one incarnation, known to nobody else, and the definition's functions over it.
import type { ActorContext, ActorDefinition } from './definition.ts';
import { intercept, type Interceptor } from './interceptor.ts';

/** Makes the state that a handler came to current. Not called, the state stays what it was. */
export type Commit = () => void;

export interface Behaviour<M> {
  /**
   * Handles one message. A handler that ends at once has its state made current here; one that returns a promise gives
   * the step that does so later. Throws or rejects what the handler does.
   */
  readonly handle: (message: M, context: ActorContext<M>) => Promise<Commit> | undefined;
  readonly drain: (() => Promise<void>) | undefined;
  readonly release: (() => Promise<void>) | undefined;
}

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Calls `start`, and throws what it throws. */
export const behave = <S, M>(
  { drain, receive, release, start }: ActorDefinition<S, M>,
  path: string,
  context: ActorContext<M>,
  interceptors: readonly Interceptor[],
): Behaviour<M> => {
  let state = start(context);

  const take = (next: S | Promise<S>): Promise<Commit> | undefined => {
    if (isPromise(next)) return next.then((value) => () => void (state = value));
    state = next;
    return undefined;
  };

  const handleIntercepted = (message: M, context: ActorContext<M>): Promise<Commit> | undefined => {
    let next: S | Promise<S> = state;
    const handled = { path, message, trace: context.trace };
    const outcome = intercept(interceptors, handled, () => (next = receive(state, message, context)));
    if (!isPromise(outcome)) return take(next);
    return outcome.then(() => next).then((value) => () => void (state = value));
  };

  return {
    handle: interceptors.length === 0 ? (message, context) => take(receive(state, message, context)) : handleIntercepted,
    drain: drain && (() => drain(state)),
    release: release && (() => release(state)),
  };
};
