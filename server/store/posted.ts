// Events that came over HTTP. Those of a node are a stream of its own, numbered here: whoever posts has no numbers. What is posted again
// is known by its id, for as long as the log has the event.
import type { IncomingEntry } from '../../actors/server/ports.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { ok } from '../../protocol/result.ts';
import { routingKey } from '../../protocol/routing.ts';
import type { Database, Statement } from '../../storage/database.ts';
import type { Source } from './event-log.ts';

/** Where they stand. No frame can speak of it: the streams of nodes are UUIDs. */
export const postedStream = (from: NodeAddress): Pick<Source, 'stream' | 'lane'> => ({ stream: routingKey({ type: 'events', ...from }), lane: 'posted' });

export const postedEntry = (sequence: number, event: JetpackEvent): IncomingEntry => ({ sequence, through: sequence, raw: JSON.stringify(event), event: ok(event) });

export class PostedEvents {
  readonly #add: Statement;
  readonly #find: Statement;
  readonly #forget: Statement;

  constructor(database: Database) {
    this.#add = database.prepare('INSERT INTO posted (node_id, id, position) VALUES (?, ?, ?)');
    this.#find = database.prepare('SELECT position FROM posted WHERE node_id = ? AND id = ?');
    this.#forget = database.prepare('DELETE FROM posted WHERE position < ?');
  }

  has({ nodeId }: Source, id: string): boolean {
    return this.#find.get(nodeId, id) !== undefined;
  }

  add({ nodeId }: Source, id: string, position: number): void {
    this.#add.run(nodeId, id, position);
  }

  /** The log has no events before this position any more. */
  forgetBefore(position: number): void {
    this.#forget.run(position);
  }
}
