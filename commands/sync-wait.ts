// `jetpack sync wait`: holds a script up until other nodes of the cluster are where it needs them.
import { Option } from 'commander';
import type { Phase } from '../protocol/events.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { parseDuration } from './duration.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';

export interface WaitInvocation {
  readonly command: 'sync wait';
  readonly role: string;
  readonly phase: Phase;
  /** Absent: every node of the role, and one at least. */
  readonly count: number | undefined;
  readonly timeoutMs: number;
}

interface WaitOptions {
  readonly role: string;
  readonly phase: Phase;
  readonly count?: string;
  readonly timeout: string;
}

/** Protocol's list, without its schemas, which take longer to load than a command may. */
const phases: readonly Phase[] = ['starting', 'converging', 'ready', 'failed', 'stopping'];

const longestMs = 7 * 24 * 3_600_000;
/** The daemon's own answer, which says how the nodes stand, comes before this one. */
const graceMs = 2_000;

const readOptions = ({ count, phase, role, timeout }: WaitOptions): Result<WaitInvocation> => {
  if (role === '' || role.length > 255) return fail('usage', "option '--role <role>' is not a name of 1 to 255 characters");
  if (count !== undefined && !/^[1-9]\d{0,5}$/.test(count)) return fail('usage', "option '--count <n>' is not a whole number from 1 to 999999");
  const timeoutMs = parseDuration(timeout);
  if (!timeoutMs.ok) return fail('usage', `option '--timeout <time>': ${timeoutMs.error.message}`);
  if (timeoutMs.value === 0 || timeoutMs.value > longestMs) return fail('usage', "option '--timeout <time>' is not between 1ms and 1w");
  return ok({ command: 'sync wait', role, phase, count: count === undefined ? undefined : Number(count), timeoutMs: timeoutMs.value });
};

const add: CommandDefinition<WaitInvocation>['add'] = (program, invoke, refuse) => {
  program
    .command('sync')
    .summary('keep step with the other nodes')
    .description('Keeps a script in step with the other nodes of the cluster.')
    .helpCommand(false)
    .command('wait')
    .summary('wait until nodes of a role are in a phase')
    .description(
      'Waits until every node of a role, and one at least, is in a phase and heard from. The server says when.\n' +
        'Exit code 0 when it is so, 1 when the time is up; the line then says how the nodes\nstand, or that the broker is away.',
    )
    .requiredOption('--role <role>', "a role of the cluster's template, such as scheduler")
    .addOption(new Option('--phase <phase>', 'where they must stand').choices(phases).default('ready'))
    .option('--count <n>', 'so many nodes are enough (default: every node of the role)')
    .option('--timeout <time>', 'how long to wait, such as 30s, 5m, 12h, 2d or 1w', '5m')
    .addHelpText('after', examples('jetpack sync wait --role scheduler', 'jetpack sync wait --role execute --count 2 --timeout 10m'))
    .action((options: WaitOptions) => {
      const read = readOptions(options);
      if (read.ok) invoke(read.value);
      else refuse(read.error);
    });
};

export const waitRequest = ({ role, phase, count }: WaitInvocation, { id, trace }: Envelope): LocalRequestOf<'wait'> => ({
  verb: 'wait',
  id,
  ...(trace === undefined ? {} : { trace }),
  role,
  phase,
  ...(count === undefined ? {} : { count }),
});

export const syncWait = loaded<WaitInvocation>({
  add,
  needsDaemon: { 'sync wait': true },
  ownProcess: () => true,
  perform: (invocation, run) =>
    askDaemon(run, {
      request: waitRequest(invocation, run.envelope),
      socket: 'cluster',
      withinMs: invocation.timeoutMs + graceMs,
      graceMs,
      untilBack: true,
      present: () => '',
    }),
});
