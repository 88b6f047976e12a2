// The node's state as one incarnation of an actor uses it: what it has begun to change is waited for before a successor reads.
// Without that a commit that is slow would land after the successor has looked, and be known to nobody.
import type { NodeState } from './state.ts';

export interface SettlingState extends NodeState {
  /** Resolves when every change that was begun has ended, well or not. */
  settled(): Promise<void>;
}

export const settling = (state: NodeState): SettlingState => {
  const under = new Set<Promise<unknown>>();
  return {
    get: (key) => state.get(key),
    keys: (prefix) => state.keys(prefix),
    change(changes, reports) {
      const changing = state.change(changes, reports);
      const ended = changing.then(() => undefined, () => undefined).finally(() => under.delete(ended));
      under.add(ended);
      return changing;
    },
    pending: (limit) => state.pending(limit),
    reported: (ids) => state.reported(ids),
    close: () => state.close(),
    settled: async () => void (await Promise.all(under)),
  };
};
