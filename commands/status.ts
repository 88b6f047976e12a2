// `jetpack status`: this node at a glance.
import type { Command } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { columns } from './columns.ts';
import type { Envelope } from './envelope.ts';
import { printable } from './line.ts';
import { localTime } from './local-time.ts';
import { presentKeepalive } from './keepalive.ts';

export interface StatusInvocation {
  readonly command: 'status';
  readonly json: boolean;
}

/** As the daemon answers (actors/node/gateway/status.ts); a part is missing when its actor was silent. */
interface Status {
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  readonly broker: string;
  /** Absent until it was connected. */
  readonly product?: string;
  readonly outbox: { readonly rows: number; readonly bytes: number };
  readonly sync?: { readonly link: string; readonly phase: string; readonly detail?: string };
  readonly config?: { readonly revision?: number; readonly problem?: { readonly code: string; readonly message: string } };
  readonly health?: {
    readonly conditions: ReadonlyArray<{ readonly name: string; readonly status: string; readonly message?: string }>;
    readonly lastRoundAt?: number;
    readonly running: boolean;
    readonly termination?: { readonly check: string; readonly reason: string };
  };
  readonly keepalive?: unknown;
  readonly converge?: {
    readonly last?: {
      readonly outcome: string;
      readonly done: number;
      readonly total: number;
      readonly step?: string;
      readonly endedAt?: number;
      readonly failure?: { readonly summary: string };
    };
  };
  readonly silent: readonly string[];
}

export const addStatus = (program: Command, invoke: (invocation: StatusInvocation) => void): void => {
  program
    .command('status')
    .summary('this node at a glance')
    .description('Shows where this node stands: phase, server, broker, outbox, health, keepalive, last converge.')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: boolean }) => invoke({ command: 'status', json: json === true }));
};

export const statusRequest = ({ id, trace }: Envelope): LocalRequestOf<'status'> => ({ verb: 'status', id, ...(trace === undefined ? {} : { trace }) });

const noAnswer = 'no answer';

const configLines = ({ problem, revision }: NonNullable<Status['config']>): readonly string[] => {
  const known = revision === undefined ? 'none from the server yet' : `revision ${revision}`;
  return [known, ...(problem === undefined ? [] : [`node.json does not hold it: ${problem.message} (${problem.code})`])];
};

const healthLines = ({ conditions, lastRoundAt, running, termination }: NonNullable<Status['health']>): readonly string[] => {
  const ok = conditions.filter(({ status }) => status === 'OK').length;
  const when = running ? ', running now' : lastRoundAt === undefined ? ', not run yet' : `, last at ${localTime(lastRoundAt)}`;
  const bad = conditions.filter(({ status }) => status !== 'OK').map(({ name, status, message }) => `${name} is ${status}${message === undefined ? '' : `: ${message}`}`);
  const ends = termination === undefined ? [] : [`asks the server to end this node: ${termination.check}: ${termination.reason}`];
  return [`${ok} of ${conditions.length} checks OK${when}`, ...bad, ...ends];
};

const convergeLines = ({ last }: NonNullable<Status['converge']>): readonly string[] => {
  if (last === undefined) return ['none yet'];
  const { done, endedAt, failure, outcome, step, total } = last;
  const scripts = `${outcome}: ${done} of ${total} scripts`;
  if (outcome === 'running') return [`${scripts}${step === undefined ? '' : `, now ${step}`}`];
  const when = endedAt === undefined ? '' : `, ended at ${localTime(endedAt)}`;
  return [`${scripts}${when}`, ...(failure === undefined ? [] : [failure.summary])];
};

const orSilent = <T>(part: T | undefined, lines: (part: T) => readonly string[]): readonly string[] => (part === undefined ? [noAnswer] : lines(part));

export const presentStatus = ({ json }: StatusInvocation, result: unknown): string => {
  if (json) return `${JSON.stringify(result, null, 4)}\n`;
  // The daemon and this command are of one version, or the handshake would have said so.
  const status = result as Status;
  const { broker, cluster, config, converge, health, keepalive, node, outbox, product, sync, version } = status;
  const parts: ReadonlyArray<readonly [string, readonly string[]]> = [
    ['node', [`${cluster}/${node}, jetpack ${version}`]],
    ['phase', orSilent(sync, ({ phase, detail }) => [detail === undefined ? phase : `${phase}: ${detail}`])],
    ['server', orSilent(sync, ({ link }) => [link])],
    ['broker', [product === undefined ? broker : `${broker}, ${product}`]],
    ['outbox', [outbox.rows === 0 ? 'empty' : `${outbox.rows} messages wait, ${outbox.bytes} bytes`]],
    ['config', orSilent(config, configLines)],
    ['health', orSilent(health, healthLines)],
    ['keepalive', orSilent(keepalive, (view) => [presentKeepalive(view)])],
    ['converge', orSilent(converge, convergeLines)],
  ];
  return columns(parts.flatMap(([name, lines]) => lines.map((line, index) => [index === 0 ? name : '', printable(line)])));
};
