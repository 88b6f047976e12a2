// An actor for tests that does what its messages say and writes down what it saw.
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { Crash, Supervision } from '../system.ts';

/** What a message has the handler do; whatever it returns is written down, now or when it is there. */
export type Step = (context: ActorContext<Step>, handled: number) => unknown;

/** A definition whose state is the number of messages handled well, and the notes of all its incarnations. */
export const recorder = (
  more: Partial<ActorDefinition<number, Step>> = {},
): { readonly definition: ActorDefinition<number, Step>; readonly notes: unknown[] } => {
  const notes: unknown[] = [];
  const definition: ActorDefinition<number, Step> = {
    name: 'recorder',
    start: () => 0,
    receive: (handled, step, context) => {
      const value = step(context, handled);
      if (!(value instanceof Promise)) {
        notes.push(value);
        return handled + 1;
      }
      return value.then((late: unknown) => {
        notes.push(late);
        return handled + 1;
      });
    },
    ...more,
  };
  return { definition, notes };
};

/** A supervision that answers every crash alike, and the crashes it was told of. */
export const supervise = (answer: 'resume' | 'end'): Supervision & { readonly crashes: Crash[] } => {
  const crashes: Crash[] = [];
  return {
    shutdownMs: 1_000,
    crashes,
    onCrash: (crash) => {
      crashes.push(crash);
      return answer;
    },
  };
};
