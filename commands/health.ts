// `jetpack health`: what the health checks of this node found.
import type { LocalRequestOf } from '../protocol/local.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { printable } from './line.ts';
import { localTime } from './local-time.ts';
import { addForm, isJson, jsonText, styleFor, type Form, type Mood, type Style } from './output.ts';

export interface HealthInvocation {
  readonly command: 'health';
  readonly run: boolean;
  readonly json: boolean;
}

/** Every check has a time limit of its own; this bounds a great many of them. */
const longestRoundMs = 3_600_000;

/** As the daemon answers. */
interface Health {
  readonly conditions: ReadonlyArray<{ readonly name: string; readonly status: string; readonly message?: string; readonly since: number }>;
  readonly lastRoundAt?: number;
  readonly running: boolean;
  readonly termination?: { readonly check: string; readonly reason: string };
}

const add: CommandDefinition<HealthInvocation>['add'] = (program, invoke) => {
  const command = program
    .command('health')
    .summary('what the health checks found')
    .description('Shows what the scripts in config/healthcheck.d found when they last ran, and conditions that were\nset by `jetpack condition set`.\nExit code 0 when all is well, 1 when one is Warning, Error or Unknown, and when nobody can say: where jetpackd does not answer it shows what they found before, to its user and root, with a line on standard error.')
    .option('--run', 'run them now, and show what they found')
    .addHelpText('after', examples('jetpack health', 'jetpack health --run --json'));
  addForm(command).action(({ run, ...form }: { readonly run?: true; readonly json?: true; readonly output?: Form }) => invoke({ command: 'health', run: run === true, json: isJson(form) }));
};

export const healthRequest = ({ run }: HealthInvocation, { id, trace }: Envelope): LocalRequestOf<'health'> => ({
  verb: 'health',
  id,
  run,
  ...(trace === undefined ? {} : { trace }),
});

const moods: Readonly<Record<string, Mood>> = { OK: 'good', NA: 'good', Warning: 'doubtful' };

/** `away`: the daemon is, so nobody knows when they ran. */
export const presentHealth = ({ json }: HealthInvocation, result: unknown, { paint, table }: Style, away = false): string => {
  if (json) return jsonText(result);
  // The daemon and this command are of one version, or the handshake would have said so.
  const { conditions, lastRoundAt, running, termination } = result as Health;
  const when = [lastRoundAt === undefined ? 'not run yet' : `last run at ${localTime(lastRoundAt)}`, ...(running ? ['running now'] : [])].join(', ');
  const rows = conditions.map(({ message = '', name, since, status }) => [printable(name), paint(moods[status] ?? 'bad', printable(status)), localTime(since), printable(message)]);
  const list = rows.length === 0 ? 'no checks\n' : table([['check', 'status', 'since', ''], ...rows]);
  const ends = termination === undefined ? '' : `${printable(`asks the server to end this node: ${termination.check}: ${termination.reason}`)}\n`;
  return `${list}${ends}${away ? '' : `${when}\n`}`;
};

/** 1 when there is something that is not well. */
export const healthExit = (result: unknown): 0 | 1 => {
  const { conditions } = result as Health;
  return conditions.every(({ status }) => status === 'OK' || status === 'NA') ? 0 : 1;
};

export const health = loaded<HealthInvocation>({
  add,
  needsDaemon: { health: ['--run'] },
  perform(invocation, run) {
    const style = styleFor(run.host.terminal, run.host.env);
    return askDaemon(run, {
      request: healthRequest(invocation, run.envelope),
      socket: 'cluster',
      withinMs: invocation.run ? longestRoundMs : undefined,
      present: (result) => presentHealth(invocation, result, style),
      exit: healthExit,
      async otherwise(away) {
        const known = invocation.run ? undefined : await run.node.lastKnown('health');
        // However well all was: that it is, nobody can say.
        return known?.ok === true ? { out: presentHealth(invocation, known.value, style, true), exit: 1, note: `${away.message}: this is what was found before (${away.code})` } : undefined;
      },
    });
  },
});
