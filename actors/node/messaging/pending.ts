// Brings reports from the node's state into the outbox: all that wait, a page at a time, each once.
//
// Between the outbox's commit and the state's a crash leaves a report in both; it then comes again, and the outbox knows its
// id. Reports that the outbox cannot take stay where they are, in order.
import type { Logger } from '../../../effects/logger.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import { acceptPending, endAll, type Acceptance } from './accept.ts';
import type { Outbox } from './ports.ts';
import type { NodeState } from '../state.ts';

/** Reports moved in one commit. */
const page = 256;

export interface PendingPorts {
  readonly state: NodeState;
  readonly outbox: Outbox;
  readonly logger: Logger;
}

const movePage = async ({ state, outbox, logger }: PendingPorts): Promise<Result<number>> => {
  const reports = state.pending(page);
  if (reports.length === 0) return ok(0);
  const acceptances: Acceptance[] = [];
  for (const report of reports) {
    const accepted = acceptPending(report);
    if (accepted.ok) acceptances.push(accepted.value);
    // It would never be taken, and everything behind it would wait for it.
    else logger.error(`a ${report.event.kind} report is given up: ${accepted.error.message}`, { code: accepted.error.code });
  }
  const appended = await outbox.append(acceptances.map(({ entry }) => entry));
  endAll(acceptances, appended.ok ? undefined : appended.error.code);
  if (!appended.ok) return appended;
  const forgotten = await state.reported(reports.map(({ event }) => event.id));
  return forgotten.ok ? ok(reports.length) : forgotten;
};

/** Moves everything that waits. Resolves with how many there were, or with why it could not go on. */
export const movePending = async (ports: PendingPorts): Promise<Result<number>> => {
  let moved = 0;
  for (;;) {
    const one = await movePage(ports);
    if (!one.ok) return one;
    if (one.value === 0) return ok(moved);
    moved += one.value;
  }
};
