// `jetpack status`: this node at a glance.
import type { LocalRequestOf } from '../protocol/local.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { printable } from './line.ts';
import { localTime } from './local-time.ts';
import { presentKeepalive } from './keepalive.ts';
import { presentShutdown } from './shutdown.ts';
import { addForm, isJson, jsonText, styleFor, type Form, type Mood, type Style } from './output.ts';

export interface StatusInvocation {
  readonly command: 'status';
  readonly json: boolean;
}

/** As the daemon answers (actors/node/gateway/status.ts); a part is missing when its actor was silent. */
interface Status {
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  /** What `jetpack --version` says. */
  readonly answersAs: string;
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
  readonly lifecycle?: { readonly shutdown?: { readonly since?: number }; readonly endScripts: number };
  readonly silent: readonly string[];
}

const add: CommandDefinition<StatusInvocation>['add'] = (program, invoke) => {
  const command = program
    .command('status')
    .summary('this node at a glance')
    .description(
      'Shows where this node stands: phase, server, broker, outbox, health, keepalive, last converge, whether the server is asked ' +
        'to end it, and how many scripts run before that.',
    )
    .addHelpText('after', examples('jetpack status', 'jetpack status --output json'));
  addForm(command).action((form: { readonly json?: true; readonly output?: Form }) => invoke({ command: 'status', json: isJson(form) }));
};

export const statusRequest = ({ id, trace }: Envelope): LocalRequestOf<'status'> => ({ verb: 'status', id, ...(trace === undefined ? {} : { trace }) });

/** A name, lines, and whether what they say is well; undefined: that is not for us to judge. */
type Part = readonly [name: string, lines: readonly string[], mood?: Mood | undefined];

const noAnswer = 'no answer';

/** All of it is to be on one screen. */
const mostChecks = 8;

/** The first so many, and how many more there are. */
const firstOf = (lines: readonly string[]): readonly string[] =>
  lines.length <= mostChecks ? lines : [...lines.slice(0, mostChecks), `and ${lines.length - mostChecks} more: jetpack health`];

const configLines = ({ problem, revision }: NonNullable<Status['config']>): readonly string[] => {
  const known = revision === undefined ? 'none from the server yet' : `revision ${revision}`;
  return [known, ...(problem === undefined ? [] : [`node.json does not hold it: ${problem.message} (${problem.code})`])];
};

const healthLines = ({ conditions, lastRoundAt, running, termination }: NonNullable<Status['health']>): readonly string[] => {
  const ok = conditions.filter(({ status }) => status === 'OK').length;
  const when = running ? ', running now' : lastRoundAt === undefined ? ', not run yet' : `, last at ${localTime(lastRoundAt)}`;
  const bad = conditions.filter(({ status }) => status !== 'OK').map(({ name, status, message }) => `${name} is ${status}${message === undefined ? '' : `: ${message}`}`);
  const ends = termination === undefined ? [] : [`asks the server to end this node: ${termination.check}: ${termination.reason}`];
  return [`${ok} of ${conditions.length} checks OK${when}`, ...firstOf(bad), ...ends];
};

const convergeLines = ({ last }: NonNullable<Status['converge']>): readonly string[] => {
  if (last === undefined) return ['none yet'];
  const { done, endedAt, failure, outcome, step, total } = last;
  const scripts = `${outcome}: ${done} of ${total} scripts`;
  if (outcome === 'running') return [`${scripts}${step === undefined ? '' : `, now ${step}`}`];
  const when = endedAt === undefined ? '' : `, ended at ${localTime(endedAt)}`;
  return [`${scripts}${when}`, ...(failure === undefined ? [] : [failure.summary])];
};

const endLines = ({ endScripts, shutdown }: NonNullable<Status['lifecycle']>): readonly string[] => {
  const since = shutdown?.since === undefined ? '' : `, since ${localTime(shutdown.since)}`;
  const wish = shutdown === undefined ? 'not asked for' : `${presentShutdown(shutdown)}${since}`;
  const before = `${endScripts === 1 ? '1 script runs' : `${endScripts} scripts run`} before an end: jetpack run_on_shutdown --list`;
  return endScripts === 0 ? [wish] : [wish, before];
};

const part = <T>(name: string, told: T | undefined, lines: (told: T) => readonly string[], mood: (told: T) => Mood | undefined = () => undefined): Part =>
  told === undefined ? [name, [noAnswer], 'doubtful'] : [name, lines(told), mood(told)];

const phaseMoods: Readonly<Record<string, Mood>> = { ready: 'good', failed: 'bad' };
const convergeMoods: Readonly<Record<string, Mood>> = { succeeded: 'good', failed: 'bad' };

const healthMood = ({ conditions, termination }: NonNullable<Status['health']>): Mood => {
  if (termination !== undefined) return 'bad';
  return conditions.every(({ status }) => status === 'OK' || status === 'NA') ? 'good' : 'doubtful';
};

export const presentStatus = ({ json }: StatusInvocation, result: unknown, { paint, table }: Style): string => {
  if (json) return jsonText(result);
  // The daemon and this command are of one version, or the handshake would have said so.
  const status = result as Status;
  const { answersAs, broker, cluster, config, converge, health, keepalive, lifecycle, node, outbox, product, sync, version } = status;
  const parts: readonly Part[] = [
    ['node', [`${cluster}/${node}, jetpack ${version} (answers as ${answersAs})`]],
    part('phase', sync, ({ detail, phase }) => [detail === undefined ? phase : `${phase}: ${detail}`], ({ phase }) => phaseMoods[phase]),
    part('server', sync, ({ link }) => [link]),
    ['broker', [product === undefined ? broker : `${broker}, ${product}`], broker === 'connected' ? 'good' : 'bad'],
    ['outbox', [outbox.rows === 0 ? 'empty' : `${outbox.rows} messages wait, ${outbox.bytes} bytes`]],
    part('config', config, configLines, ({ problem }) => (problem === undefined ? undefined : 'bad')),
    part('health', health, healthLines, healthMood),
    part('keepalive', keepalive, (view) => [presentKeepalive(view)]),
    part('converge', converge, convergeLines, ({ last }) => (last === undefined ? undefined : convergeMoods[last.outcome])),
    part('shutdown', lifecycle, endLines, ({ shutdown }) => (shutdown === undefined ? undefined : 'doubtful')),
  ];
  const painted = (line: string, index: number, mood: Mood | undefined): string => (index === 0 && mood !== undefined ? paint(mood, printable(line)) : printable(line));
  return table(parts.flatMap(([name, lines, mood]) => lines.map((line, index) => [index === 0 ? name : '', painted(line, index, mood)])));
};

export const status = loaded<StatusInvocation>({
  add,
  perform: (invocation, run) =>
    askDaemon(run, {
      request: statusRequest(run.envelope),
      socket: 'cluster',
      present: (result) => presentStatus(invocation, result, styleFor(run.host.terminal, run.host.env)),
    }),
});
