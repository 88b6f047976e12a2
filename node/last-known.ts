// What a home says of its node while no daemon runs in it: what the daemon left, in the words that it would answer with.
//
// run/node.keepalive is for everybody in the group; the databases are for the daemon's own user and root.
import { readdirSync } from 'node:fs';
import { lastConverge } from '../actors/node/converge/memory.ts';
import { KeptHealth } from '../actors/node/health/kept-health.ts';
import { healthView } from '../actors/node/health/view.ts';
import type { LastKnown } from '../commands/host.ts';
import type { Clock } from '../effects/clock.ts';
import { assertNever, fail, ok, type Result } from '../protocol/result.ts';
import { integerOf } from '../storage/columns.ts';
import { readDatabase } from '../storage/read-database.ts';
import { homePaths } from './home/paths.ts';
import { systemCode } from './home/system-error.ts';
import { readKeepaliveFile } from './keepalive/keepalive-file.ts';
import { outboxForm } from './outbox/schema.ts';
import { readState, type LeftState } from './state/read-state.ts';

/** Of a converge that the daemon's end interrupted, the record still says that it runs. */
const convergeOf = (state: LeftState): { readonly last?: unknown } => {
  const last = lastConverge(state);
  return last === undefined ? {} : { last: { ...last, outcome: last.outcome === 'running' ? 'interrupted' : last.outcome } };
};

/** By an index, which is short however large the messages are. */
const rowsOf = (outbox: string): Result<number> => readDatabase(outbox, outboxForm, (database) => integerOf(database.prepare('SELECT count(*) AS waiting FROM rows').get(), 'waiting'));

const countSpool = (spool: string): Result<number> => {
  try {
    return ok(readdirSync(spool, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.json')).length);
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? ok(0) : fail('file_unreadable', `${spool} cannot be read (${systemCode(error)})`);
  }
};

/** Fails with `file_unreadable`: the daemon runs after all, this user may not read it, or nothing was left. */
export const lastKnown = (home: string, part: LastKnown, clock: Pick<Clock, 'now'>): Result<unknown> => {
  const paths = homePaths(home);
  const fromState = (view: (state: LeftState) => unknown): Result<unknown> => {
    const state = readState(paths.state);
    return state.ok ? ok(view(state.value)) : state;
  };
  switch (part) {
    case 'keepalive':
      return readKeepaliveFile(paths.run, clock.now());
    case 'health':
      return fromState((state) => healthView(new KeptHealth(state), undefined, false));
    case 'converge':
      return fromState(convergeOf);
    case 'outbox':
      return rowsOf(paths.outbox);
    case 'spool':
      return countSpool(paths.spool);
    default:
      return assertNever(part);
  }
};
