// A store in memory that keeps the promises of its port: what follows is added once, the rest is refused.
import { ok, type Result } from '../../../protocol/result.ts';
import type { Batch, BatchOutcome, EventQuery, NodeRecord, PostedBatch, Store, StoredEvent } from '../ports.ts';
import { MemoryOrders } from './memory-orders.ts';
import { nodeRecord } from './records.ts';

export class MemoryStore extends MemoryOrders implements Store {
  readonly log: StoredEvent[] = [];
  readonly #applied = new Map<string, number>();
  readonly #nodes = new Map<string, NodeRecord>();

  async applyBatch({ entries, from, lane, stream }: Batch): Promise<Result<BatchOutcome>> {
    let applied = this.appliedOf(stream, lane);
    const fresh = entries.filter(({ through }) => through > applied);
    if ((fresh[0]?.sequence ?? 0) > applied + 1) return ok({ outcome: 'gap', applied });
    const stored = fresh.map(({ event, raw, sequence, through }): StoredEvent => {
      applied = through;
      if (!event.ok) throw new Error(event.error.message);
      const { value } = event;
      if (value.kind === 'phase' || value.kind === 'node') this.#tell({ ...from, ...value });
      const message = value.kind === 'log' ? value.message : value.kind === 'phase' ? value.phase : value.kind;
      const { at, id, kind } = value;
      const position = this.log.length + 1;
      const added = { ...from, position, stream, lane, sequence, id, kind, at, receivedAt: at, level: 'info', priority: 'low', message, raw, problem: undefined } as const;
      this.log.push(added);
      return added;
    });
    this.#applied.set(`${stream}/${lane}`, applied);
    return ok({ outcome: 'applied', applied, stored });
  }

  async post({ events, from }: PostedBatch): Promise<Result<readonly StoredEvent[]>> {
    const known = new Set(this.log.filter(({ cluster, lane, node }) => lane === 'posted' && cluster === from.cluster && node === from.node).map(({ id }) => id));
    const fresh = events.filter(({ id }) => !known.has(id) && known.add(id) !== undefined);
    const before = this.appliedOf('posted', 'posted');
    const entries = fresh.map((event, index) => ({ sequence: before + index + 1, through: before + index + 1, raw: JSON.stringify(event), event: ok(event) }));
    const applied = await this.applyBatch({ from, stream: 'posted', lane: 'posted', entries });
    if (!applied.ok) return applied;
    return ok(applied.value.outcome === 'applied' ? applied.value.stored : []);
  }

  appliedOf(stream: string, lane: string): number {
    return this.#applied.get(`${stream}/${lane}`) ?? 0;
  }

  nodes(): readonly NodeRecord[] {
    return [...this.#nodes.values()];
  }

  events({ after = 0, limit }: EventQuery): readonly StoredEvent[] {
    return this.log.filter(({ position }) => position > after).slice(0, limit);
  }

  count(): number {
    return this.log.length;
  }

  async close(): Promise<void> {}

  #tell({ cluster, node, ...more }: Partial<NodeRecord> & Pick<NodeRecord, 'cluster' | 'node'>): void {
    const key = `${cluster}/${node}`;
    const before = this.#nodes.get(key) ?? nodeRecord({ cluster, node, instanceId: '', hostname: '', version: '', phase: '' });
    const { hostname = before.hostname, instanceId = before.instanceId, phase = before.phase, version = before.version } = more;
    this.#nodes.set(key, { ...before, hostname, instanceId, phase, version });
  }
}
