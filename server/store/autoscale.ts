// How much clusters are asked to have of their node arrays: the newest word on each array, for as long as it holds.
//
// A target holds for its time from when its node wrote it, and never longer than for that time from now: a node whose clock is ahead
// gains nothing. One that was written before what stands comes too late and changes nothing. An empty request is the last word of its
// node: what that node asked for holds no longer. What is over is not shown, and is deleted later: until then it keeps an older one away.
import type { AutoscaleTargetRecord } from '../../actors/server/ports.ts';
import type { AutoscaleTarget } from '../../protocol/autoscale.ts';
import { autoscaleLimits } from '../../protocol/autoscale-limits.ts';
import type { EventOf } from '../../protocol/events.ts';
import { integerOf, textOf, type Row } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import type { Source } from './event-log.ts';

/** For a message that waited in a spool, or a daemon that was away. */
const rememberedMs = 24 * 3_600_000;

/** Arrays of a cluster that are remembered: what was written longest ago gives way. */
const mostOfACluster = 1_000;

const recordOf = (row: Row): AutoscaleTargetRecord => {
  const name = textOf(row, 'name');
  return {
    ...(name === '' ? {} : { name }),
    // Written by `tell`.
    ...(JSON.parse(textOf(row, 'target')) as Omit<AutoscaleTarget, 'name'>),
    node: textOf(row, 'node'),
    at: integerOf(row, 'at'),
    expiresAt: integerOf(row, 'expires_at'),
  };
};

export class AutoscaleTargets {
  readonly #put: Statement;
  readonly #letGo: Statement;
  readonly #forget: Statement;
  readonly #bound: Statement;
  readonly #standing: Statement;

  constructor(database: Database) {
    this.#put = database.prepare(`
      INSERT INTO autoscale (cluster, name, node, target, at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (cluster, name) DO UPDATE SET node = ?3, target = ?4, at = ?5, expires_at = ?6 WHERE at <= ?5
    `);
    this.#letGo = database.prepare('UPDATE autoscale SET at = ?3, expires_at = 0 WHERE cluster = ?1 AND node = ?2 AND at <= ?3');
    this.#forget = database.prepare('DELETE FROM autoscale WHERE at < ?');
    this.#bound = database.prepare(`
      DELETE FROM autoscale WHERE cluster = ?1 AND name IN (SELECT name FROM autoscale WHERE cluster = ?1 ORDER BY at DESC LIMIT -1 OFFSET ${mostOfACluster})
    `);
    this.#standing = database.prepare('SELECT * FROM autoscale WHERE cluster = ? AND expires_at > ? ORDER BY name');
  }

  /** `now`: by the server's wall clock. */
  tell({ cluster, node }: Source, { at, targets }: EventOf<'autoscale'>, now: number): void {
    const told = Math.min(at, now);
    this.#forget.run(now - rememberedMs);
    if (targets.length === 0) this.#letGo.run(cluster, node, told);
    for (const { name = '', ...target } of targets) this.#put.run(cluster, name, node, JSON.stringify(target), told, told + autoscaleLimits.lastsMs);
    this.#bound.run(cluster);
  }

  /** What holds now, in order of name. */
  of(cluster: string, now: number): readonly AutoscaleTargetRecord[] {
    return this.#standing.all(cluster, now).map(recordOf);
  }
}
