// Whose streams there are, how far they are applied, and what their events tell of their nodes.
import type { NodeRecord } from '../../actors/server/ports.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever } from '../../protocol/result.ts';
import { integerOf, optionalTextOf, textOf } from '../../storage/columns.ts';
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
  readonly #tellNode: Statement;
  readonly #tellPhase: Statement;
  readonly #nodes: Statement;
  readonly #oneNode: Statement;

  constructor(database: Database) {
    this.#stream = database.prepare(`
      SELECT stream_id, streams.node_id, applied, cluster, node FROM streams JOIN nodes USING (node_id) WHERE stream = ? AND lane = ?
    `);
    this.#applied = database.prepare('SELECT applied FROM streams WHERE stream = ? AND lane = ?');
    this.#node = database.prepare('SELECT node_id FROM nodes WHERE cluster = ? AND node = ?');
    this.#insertNode = database.prepare('INSERT INTO nodes (cluster, node) VALUES (?, ?) RETURNING node_id');
    this.#insertStream = database.prepare('INSERT INTO streams (stream, lane, node_id, applied) VALUES (?, ?, ?, 0) RETURNING stream_id');
    this.#move = database.prepare('UPDATE streams SET applied = ? WHERE stream_id = ?');
    const newest = 'told_by = ? WHERE node_id = ? AND told_by <= ?';
    this.#tellNode = database.prepare(`UPDATE nodes SET instance = ?, hostname = ?, version = ?, ${newest}`);
    this.#tellPhase = database.prepare(`UPDATE nodes SET phase = ?, detail = ?, phase_at = ?, ${newest}`);
    this.#nodes = database.prepare('SELECT * FROM nodes ORDER BY cluster, node');
    this.#oneNode = database.prepare('SELECT * FROM nodes WHERE cluster = ? AND node = ?');
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

  /** Lets an event tell of its node. Streams are numbered as they are first seen: an older one has nothing to say any more. */
  tell({ nodeId, streamId }: Source, event: JetpackEvent): void {
    switch (event.kind) {
      case 'node':
        this.#tellNode.run(event.instanceId, event.hostname, event.version, streamId, nodeId, streamId);
        return;
      case 'phase':
        this.#tellPhase.run(event.phase, event.detail ?? null, event.at, streamId, nodeId, streamId);
        return;
      case 'log':
      case 'undelivered':
      case 'dropped':
        return;
      default:
        assertNever(event);
    }
  }

  nodes(only?: NodeAddress): readonly NodeRecord[] {
    const rows = only === undefined ? this.#nodes.all() : this.#oneNode.all(only.cluster, only.node);
    return rows.map((row) => ({
      cluster: textOf(row, 'cluster'),
      node: textOf(row, 'node'),
      instanceId: textOf(row, 'instance'),
      hostname: textOf(row, 'hostname'),
      version: textOf(row, 'version'),
      phase: textOf(row, 'phase'),
      detail: optionalTextOf(row, 'detail'),
      phaseAt: integerOf(row, 'phase_at'),
    }));
  }
}
