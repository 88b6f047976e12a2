// Commands and their targets as the tables have them.
import { createHash } from 'node:crypto';
import type { Command, Target, TargetState } from '../../actors/server/order-ports.ts';
import { commandStates } from '../../protocol/events.ts';
import { commandNames } from '../../protocol/frames.ts';
import { integerOf, optionalTextOf, textOf, type Row } from '../../storage/columns.ts';

/** What of a command depends on its name: one column, JSON. */
type Arguments = Pick<Command, 'rerunScripts' | 'key'>;

export const argumentsText = ({ rerunScripts, key }: Arguments): string => JSON.stringify({ rerunScripts, key });

/** The words that a command was asked for in, as the table has them: enough to recognize them, and no secret that was among them. */
export const hashOf = (words: string): string => createHash('sha256').update(words).digest('hex');

export const traceText = ({ trace }: Pick<Command, 'trace'>): string | null => (trace === undefined ? null : JSON.stringify(trace));

export const commandOf = (row: Row): Command => {
  const name = textOf(row, 'name');
  const known = commandNames.find((each) => each === name);
  if (known === undefined) throw new TypeError(`the store holds a command of the unknown name ${name}`);
  const trace = optionalTextOf(row, 'trace');
  return {
    id: textOf(row, 'id'),
    cluster: textOf(row, 'cluster'),
    name: known,
    // Both columns were written by the functions above.
    ...(JSON.parse(textOf(row, 'arguments')) as Arguments),
    issuedAt: integerOf(row, 'issued_at'),
    expiresAt: integerOf(row, 'expires_at'),
    ...(trace === undefined ? {} : { trace: JSON.parse(trace) as NonNullable<Command['trace']> }),
  };
};

export const stateOf = (row: Row): TargetState => commandStates.find((state) => state === row['state']) ?? 'pending';

export const targetOf = (row: Row): Target => {
  const code = optionalTextOf(row, 'code');
  const message = optionalTextOf(row, 'message');
  return {
    node: textOf(row, 'node'),
    state: stateOf(row),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    changedAt: integerOf(row, 'changed_at'),
  };
};
