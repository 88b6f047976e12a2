// Whose streams there are and how far they are applied.
import type { NodeAddress } from '../../protocol/identity.ts';
import { integerOf, textOf } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import type { Source } from './event-log.ts';

/** A stream the store knows: how far it is applied, and to whom it belongs. */
export interface KnownStream extends Source {
  readonly applied: number;
}

export class Registry {
  readonly #stream: Statement;
  readonly #applied: Statement;
  readonly #node: Statement;
  readonly #insertNode: Statement;
  readonly #insertStream: Statement;
  readonly #move: Statement;

  constructor(database: Database) {
    this.#stream = database.prepare(`
      SELECT stream_id, streams.node_id, applied, cluster, node FROM streams JOIN nodes USING (node_id) WHERE stream = ? AND lane = ?
    `);
    this.#applied = database.prepare('SELECT applied FROM streams WHERE stream = ? AND lane = ?');
    this.#node = database.prepare('SELECT node_id FROM nodes WHERE cluster = ? AND node = ?');
    this.#insertNode = database.prepare('INSERT INTO nodes (cluster, node) VALUES (?, ?) RETURNING node_id');
    this.#insertStream = database.prepare('INSERT INTO streams (stream, lane, node_id, applied) VALUES (?, ?, ?, 0) RETURNING stream_id');
    this.#move = database.prepare('UPDATE streams SET applied = ? WHERE stream_id = ?');
  }

  appliedOf(stream: string, lane: string): number {
    const row = this.#applied.get(stream, lane);
    return row === undefined ? 0 : integerOf(row, 'applied');
  }

  find(stream: string, lane: string): KnownStream | undefined {
    const row = this.#stream.get(stream, lane);
    if (row === undefined) return undefined;
    return {
      stream,
      lane,
      streamId: integerOf(row, 'stream_id'),
      nodeId: integerOf(row, 'node_id'),
      applied: integerOf(row, 'applied'),
      cluster: textOf(row, 'cluster'),
      node: textOf(row, 'node'),
    };
  }

  /** Adds a stream, and its node if it is new. */
  add({ cluster, node }: NodeAddress, stream: string, lane: string): KnownStream {
    const nodeId = integerOf(this.#node.get(cluster, node) ?? this.#insertNode.get(cluster, node), 'node_id');
    const streamId = integerOf(this.#insertStream.get(stream, lane, nodeId), 'stream_id');
    return { cluster, node, stream, lane, nodeId, streamId, applied: 0 };
  }

  move({ streamId }: Source, applied: number): void {
    this.#move.run(applied, streamId);
  }
}
