// `jetpack log`: an event for the cluster (reference, section 5.5).
import { Option } from 'commander';
import { defaultPriority } from '../protocol/default-priority.ts';
import type { Level, Priority } from '../protocol/events.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import type { Result } from '../protocol/result.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { deliver } from './deliver.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { fitsEvent } from './fits-event.ts';

export interface LogInvocation {
  readonly command: 'log';
  readonly message: string;
  readonly level: Level;
  readonly priority: Priority;
}

interface LogOptions {
  readonly level: Level;
  readonly priority?: Priority;
}

const priorities: readonly Priority[] = ['low', 'medium', 'high'];

const add: CommandDefinition<LogInvocation>['add'] = (program, invoke) => {
  program
    .command('log')
    .summary('report a message to the cluster')
    .description(
      'Reports a message: to the event log of the server, and from priority medium on to the cluster page.\n' +
        'While jetpackd is away the message waits on disk and is reported when it is back.',
    )
    .argument('<message>', 'the text; after -- it may start with a dash')
    .addOption(new Option('--level <level>', 'how serious it is').choices(Object.keys(defaultPriority)).default('info'))
    .addOption(new Option('-p, --priority <priority>', 'how prominent it is (default: high for level error, else medium)').choices(priorities))
    .addHelpText('after', examples("jetpack log 'the scheduler is ready'", "jetpack log 'slurmd does not start' --level error -p low"))
    .action((message: string, { level, priority }: LogOptions) => {
      invoke({ command: 'log', message, level, priority: priority ?? defaultPriority[level] });
    });
};

/** Fails with `message_too_large`. */
export const logRequest = ({ level, priority, message }: LogInvocation, envelope: Envelope): Result<LocalRequestOf<'log'>> =>
  fitsEvent({ ...envelope, verb: 'log', level, priority, message });

export const log = loaded<LogInvocation>({
  add,
  perform: async (invocation, run) => deliver(logRequest(invocation, run.envelope), run),
});
