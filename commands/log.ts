// `jetpack log`: an event for the cluster (reference, section 5.5).
import { type Command, Option } from 'commander';
import type { Level, Priority } from '../protocol/events.ts';
import { limits } from '../protocol/limits.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { Envelope } from './envelope.ts';

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

/** The priority of a message that names none (reference, section 5.5). Its keys are the levels there are. */
const defaultPriority: Readonly<Record<Level, Priority>> = { info: 'medium', warn: 'medium', error: 'high' };

const priorities: readonly Priority[] = ['low', 'medium', 'high'];

export const addLog = (program: Command, invoke: (invocation: LogInvocation) => void): void => {
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
    .action((message: string, { level, priority }: LogOptions) => {
      invoke({ command: 'log', message, level, priority: priority ?? defaultPriority[level] });
    });
};

/** Bytes of an event that its text may not take: the daemon adds its own place in the trace. */
const reserved = 1024;

/** Fails with `message_too_large`, here and not later, when the spool has taken the message and nobody is there to be told. */
export const logRequest = ({ level, priority, message }: LogInvocation, envelope: Envelope): Result<LocalRequestOf<'log'>> => {
  const request = { ...envelope, verb: 'log', level, priority, message } as const;
  const bytes = Buffer.byteLength(JSON.stringify(request));
  const limit = limits.event - reserved;
  return bytes <= limit ? ok(request) : fail('message_too_large', `the message takes ${bytes} bytes: at most ${limit} are allowed`);
};
