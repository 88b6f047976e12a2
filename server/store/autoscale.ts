// How much clusters are asked to have of their node arrays: the newest word on each array, for as long as it holds.
//
// A target holds for its time from when its node wrote it, by the server's clock: the node's may be wrong by any amount, and only how
// long ago it was is taken from it (actors/server/transport.ts). It never holds longer than for that time from now. One that was written
// before what stands comes too late and changes nothing. Of two of one node its own clock knows which was first, to the millisecond;
// unless they are so far apart that the clock was put back in between. An empty request is the last word of its node: what that node
// asked for holds no longer. What is over is not shown, and is deleted later: until then it keeps an older one away.
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

/** The server is never wrong by more in when something was written: so long a frame is on its way at most. */
const longestWayMs = 60_000;

/** As it is kept: `told`, when its node wrote it, by that node's clock. */
type Kept = Omit<AutoscaleTarget, 'name'> & { readonly told?: number };

/** Whether what ?2 wrote at ?3, and at ?4 by its own clock, is later than what stands. */
const isLater = `CASE WHEN node = ?2 AND ?3 <= at + ${longestWayMs} THEN ifnull(json_extract(target, '$.told'), 0) <= ?4 ELSE at <= ?3 END`;

const recordOf = (row: Row): AutoscaleTargetRecord => {
  const name = textOf(row, 'name');
  // Written by `tell`.
  const { told: _told, ...target } = JSON.parse(textOf(row, 'target')) as Kept;
  return {
    ...(name === '' ? {} : { name }),
    ...target,
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
      INSERT INTO autoscale (cluster, node, at, expires_at, name, target) VALUES (?1, ?2, ?3, ?3 + ${autoscaleLimits.lastsMs}, ?5, json_set(?6, '$.told', ?4))
      ON CONFLICT (cluster, name) DO UPDATE SET node = excluded.node, target = excluded.target, at = excluded.at, expires_at = excluded.expires_at WHERE ${isLater}
    `);
    this.#letGo = database.prepare(`UPDATE autoscale SET at = ?3, expires_at = 0, target = json_set(target, '$.told', ?4) WHERE cluster = ?1 AND node = ?2 AND ${isLater}`);
    this.#forget = database.prepare('DELETE FROM autoscale WHERE at < ?');
    this.#bound = database.prepare(`
      DELETE FROM autoscale WHERE cluster = ?1 AND name IN (SELECT name FROM autoscale WHERE cluster = ?1 ORDER BY at DESC LIMIT -1 OFFSET ${mostOfACluster})
    `);
    this.#standing = database.prepare('SELECT * FROM autoscale WHERE cluster = ? AND expires_at > ? ORDER BY name');
  }

  /** `now`: by the server's wall clock; `clockOffsetMs`: what makes a time by the node's clock one by that. */
  tell({ cluster, node }: Source, { at, targets }: EventOf<'autoscale'>, now: number, clockOffsetMs: number): void {
    const written = Math.min(at + clockOffsetMs, now);
    this.#forget.run(now - rememberedMs);
    if (targets.length === 0) this.#letGo.run(cluster, node, written, at);
    for (const { name = '', ...target } of targets) this.#put.run(cluster, node, written, at, name, JSON.stringify(target));
    this.#bound.run(cluster);
  }

  /** What holds now, in order of name. */
  of(cluster: string, now: number): readonly AutoscaleTargetRecord[] {
    return this.#standing.all(cluster, now).map(recordOf);
  }
}
