// How full an outbox is, by what may give way. Pure accounting; it follows the transactions of the file.
import type { OutboxDepth } from '../../actors/node/messaging/ports.ts';
import { standing, type Standing } from './schema.ts';

const standings = Object.values(standing);

const sum = (shares: readonly OutboxDepth[]): OutboxDepth => ({
  rows: shares.reduce((total, { rows }) => total + rows, 0),
  bytes: shares.reduce((total, { bytes }) => total + bytes, 0),
});

export class Room {
  readonly #limit: OutboxDepth;
  #shares = standings.map(() => ({ rows: 0, bytes: 0 }));
  #before: readonly OutboxDepth[] = [];

  constructor(limit: OutboxDepth) {
    this.#limit = limit;
  }

  /** Counts rows in, or with negative numbers out. */
  count(of: Standing, rows: number, bytes: number): void {
    const share = this.#shares[of];
    if (share === undefined) return;
    share.rows += rows;
    share.bytes += bytes;
  }

  /** Everything that waits, tombstones included. */
  get depth(): OutboxDepth {
    return sum(this.#shares);
  }

  /** How much must give way before this much more fits; zero and below when it fits. Tombstones take no room. */
  lacking(more: OutboxDepth): OutboxDepth {
    const taken = sum(this.#shares.slice(0, standing.tombstone));
    return { rows: taken.rows + more.rows - this.#limit.rows, bytes: taken.bytes + more.bytes - this.#limit.bytes };
  }

  /** The standing that gives way first; `stays` when nothing can. */
  get readiest(): Standing {
    return standings.find((of) => (this.#shares[of]?.rows ?? 0) > 0 && of < standing.stays) ?? standing.stays;
  }

  /** Whether `lack` would be met if everything up to `last` gave way. */
  canYield(lack: OutboxDepth, last: Standing): boolean {
    const yielding = sum(this.#shares.slice(0, Math.min(last + 1, standing.stays)));
    return lack.rows <= yielding.rows && lack.bytes <= yielding.bytes;
  }

  begun(): void {
    this.#before = this.#shares.map((share) => ({ ...share }));
  }

  rolledBack(): void {
    this.#shares = this.#before.map((share) => ({ ...share }));
  }
}
