// A database that belongs to one node on one machine. A disk image carries files to other machines, where they are nobody's.
import type { NodeAddress } from '../protocol/identity.ts';
import { textOf } from '../storage/columns.ts';
import type { Database } from '../storage/database.ts';

/** Whose file it is. */
export interface FileOwner extends NodeAddress {
  /** The cloud's id of this machine. */
  readonly instanceId: string;
  /** Other ids that this same machine has had. */
  readonly knownAs?: readonly string[];
}

export const ownerTable = 'CREATE TABLE owner (cluster TEXT NOT NULL, node TEXT NOT NULL, instance TEXT NOT NULL);';

export const writeOwner = (database: Database, { cluster, node, instanceId }: FileOwner): void => {
  database.prepare('INSERT INTO owner VALUES (?, ?, ?)').run(cluster, node, instanceId);
};

const nameOf = ({ cluster, node, instanceId }: FileOwner): string => `node ${node} of cluster ${cluster} on instance ${instanceId}`;

/** Makes a file that was taken under another of its owner's ids theirs under the one they have now: the other may come to be another machine's. */
export const renewOwner = (database: Database, { instanceId }: FileOwner): void => {
  if (textOf(database.prepare('SELECT instance FROM owner').get(), 'instance') === instanceId) return;
  database.prepare('UPDATE owner SET instance = ?').run(instanceId);
};

/** Why this owner must not use the file; undefined when it is theirs. */
export const refuseForeignOwner = (database: Database, owner: FileOwner): string | undefined => {
  const row = database.prepare('SELECT cluster, node, instance FROM owner').get();
  const found = { cluster: textOf(row, 'cluster'), node: textOf(row, 'node'), instanceId: textOf(row, 'instance') };
  const isThisMachine = found.instanceId === owner.instanceId || owner.knownAs?.includes(found.instanceId) === true;
  const same = found.cluster === owner.cluster && found.node === owner.node && isThisMachine;
  return same ? undefined : `it belongs to ${nameOf(found)}, and this is ${nameOf(owner)}`;
};
