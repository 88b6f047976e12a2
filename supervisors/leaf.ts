// How the actors of both trees are watched, unless one says otherwise.
import { refusal } from '../actors/broker-link.ts';
import { JetpackError } from '../protocol/errors.ts';
import type { ChildOptions } from './spec.ts';

/** A window for each leaf: a burst of failures in one does not use up the patience for the others. */
export const leaf: ChildOptions = { intensity: { restarts: 5, withinMs: 30_000 } };

/** A broker that refuses for good (password, vhost, topology) ends the program with its reason: nothing here can mend it. */
export const brokerLeaf: ChildOptions = {
  ...leaf,
  decide: (error) => (refusal(error) === undefined ? 'restart' : 'escalate'),
};

/** A server whose store another has taken over ends with that reason. */
export const storeLeaf: ChildOptions = {
  ...leaf,
  decide: (error) => (error instanceof JetpackError && error.code === 'store_fenced' ? 'escalate' : 'restart'),
};

/** A script that is asked to end is given two seconds before it is ended (node/machine.ts), and must be gone before a successor begins. */
export const scriptLeaf: ChildOptions = { ...leaf, shutdownMs: 3_500 };

/** What is asked of the broker's administrator is given up after three seconds (server/broker-admin/), and must be over before a successor begins. */
export const managementLeaf: ChildOptions = { ...leaf, shutdownMs: 3_500 };
