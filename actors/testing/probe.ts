// An actor that stands for another one: it keeps what it is told, and answers as the test says.
import type { ActorRef } from '../ref.ts';
import type { ActorSystem } from '../system.ts';

export interface Probe<M> {
  readonly ref: ActorRef<M>;
  /** In order. */
  readonly received: M[];
}

/** Begins the actor at `path`; `answer` is its handler. */
export const probe = <M>(system: ActorSystem, path: string, answer: (message: M) => void = () => undefined): Probe<M> => {
  const received: M[] = [];
  const receive = (state: null, message: M): null => {
    received.push(message);
    answer(message);
    return state;
  };
  system.spawn(path, { name: path, start: () => null, receive }, { shutdownMs: 1_000, onCrash: () => 'end' });
  return { ref: system.ref(path), received };
};
