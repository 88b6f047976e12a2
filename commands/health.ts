// `jetpack health`: what the health checks of this node found.
import type { Command } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { columns } from './columns.ts';
import type { Envelope } from './envelope.ts';
import { printable } from './line.ts';
import { localTime } from './local-time.ts';

export interface HealthInvocation {
  readonly command: 'health';
  readonly run: boolean;
  readonly json: boolean;
}

/** As the daemon answers. */
interface Health {
  readonly conditions: ReadonlyArray<{ readonly name: string; readonly status: string; readonly message?: string; readonly since: number }>;
  readonly lastRoundAt?: number;
  readonly running: boolean;
  readonly termination?: { readonly check: string; readonly reason: string };
}

export const addHealth = (program: Command, invoke: (invocation: HealthInvocation) => void): void => {
  program
    .command('health')
    .summary('what the health checks found')
    .description('Shows what the scripts in config/healthcheck.d found when they last ran.\nExit code 0 when all is well, 1 when a check is Warning, Error or Unknown.')
    .option('--run', 'run them now, and show what they found')
    .option('--json', 'as JSON')
    .action(({ json, run }: { json?: boolean; run?: boolean }) => invoke({ command: 'health', run: run === true, json: json === true }));
};

export const healthRequest = ({ run }: HealthInvocation, { id, trace }: Envelope): LocalRequestOf<'health'> => ({
  verb: 'health',
  id,
  run,
  ...(trace === undefined ? {} : { trace }),
});

export const presentHealth = ({ json }: HealthInvocation, result: unknown): string => {
  if (json) return `${JSON.stringify(result, null, 4)}\n`;
  // The daemon and this command are of one version, or the handshake would have said so.
  const { conditions, lastRoundAt, running, termination } = result as Health;
  const when = lastRoundAt === undefined ? 'not run yet' : `last run at ${localTime(lastRoundAt)}`;
  const rows = conditions.map(({ message = '', name, since, status }) => [name, status, localTime(since), message].map(printable));
  const table = rows.length === 0 ? 'no checks\n' : columns([['check', 'status', 'since', ''], ...rows]);
  const ends = termination === undefined ? '' : `${printable(`asks the server to end this node: ${termination.check}: ${termination.reason}`)}\n`;
  return `${table}${ends}${when}${running ? ', running now' : ''}\n`;
};

/** 1 when there is something that is not well. */
export const healthExit = (result: unknown): 0 | 1 => {
  const { conditions } = result as Health;
  return conditions.every(({ status }) => status === 'OK' || status === 'NA') ? 0 : 1;
};
