// `jetpack condition set`: what something besides the health checks found of this node (reference, section 5.13).
import { Option } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { deliver } from './deliver.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { fitsEvent } from './fits-event.ts';

type Said = Omit<LocalRequestOf<'condition'>, 'verb' | 'id' | 'at' | 'trace' | 'remainingMs'>;

export interface ConditionInvocation {
  readonly command: 'condition set';
  /** Texts that are empty are left out: callers give every option, whether they have something to say or not. */
  readonly condition: Said;
}

interface ConditionOptions {
  readonly name: string;
  readonly status: Said['status'];
  readonly message?: string;
  readonly description?: string;
  readonly recommendation?: string;
  readonly recommendations?: string;
  readonly details?: string;
  readonly actionType?: Said['actionType'];
  readonly ghrCategory?: string;
}

/** Protocol's lists, without its schemas, which take longer to load than a command may. */
const statuses: readonly Said['status'][] = ['OK', 'Warning', 'Error', 'NA'];
const actions: ReadonlyArray<NonNullable<Said['actionType']>> = ['GHR'];

const longestName = 255;

const nameRefusal = (option: string, name: string): string | undefined => {
  if (name === '' || name.length > longestName) return `option '${option}' is not of 1 to ${longestName} characters`;
  return /\p{Cc}/u.test(name) ? `option '${option}' holds a control character` : undefined;
};

const some = (text: string | undefined): text is string => text !== undefined && text !== '';

const readOptions = (options: ConditionOptions): Result<ConditionInvocation> => {
  const { actionType, description, details, ghrCategory, message, name, status } = options;
  const recommendation = options.recommendation ?? options.recommendations;
  const refusal = nameRefusal('-n, --name <name>', name) ?? (ghrCategory === undefined ? undefined : nameRefusal('--ghr-category <category>', ghrCategory));
  if (refusal !== undefined) return fail('usage', refusal);
  if ((actionType === undefined) !== (ghrCategory === undefined)) return fail('usage', '--action-type and --ghr-category go together');
  const condition: Said = {
    name,
    status,
    ...(some(message) && { message }),
    ...(some(description) && { description }),
    ...(some(details) && { details }),
    ...(some(recommendation) && { recommendation }),
    ...(actionType !== undefined && ghrCategory !== undefined && { actionType, ghrCategory }),
  };
  return ok({ command: 'condition set', condition });
};

const add: CommandDefinition<ConditionInvocation>['add'] = (program, invoke, refuse) => {
  program
    .command('condition')
    .summary('report a condition of this node')
    .description('Reports conditions of this node, beside those that its health checks find.')
    .helpCommand(false)
    .command('set')
    .summary('set one')
    .description(
      'Sets a condition of this node: the cluster sees it until it is set again, and so does\n' +
        '`jetpack health`. NA takes it away. The name of a health check is taken: its condition is what\n' +
        'it finds. While jetpackd is away the condition waits on disk.',
    )
    .requiredOption('-n, --name <name>', 'what it is called: the same name again is the same condition')
    .addOption(new Option('-s, --status <status>', 'how it stands').choices(statuses).makeOptionMandatory())
    .option('-m, --message <text>', 'one line: what was found')
    .option('-d, --description <text>', 'what is looked at')
    .option('-r, --recommendation <text>', 'what to do about it')
    .addOption(new Option('--recommendations <text>').hideHelp())
    .option('--details <text>', 'all that is known of it')
    .addOption(new Option('--action-type <type>', 'GHR: report it to the cloud as guest health').choices(actions))
    .option('--ghr-category <category>', 'of that report')
    .addHelpText('after', examples("jetpack condition set -n scratch -s Warning -m 'scratch is 91 percent full'", 'jetpack condition set -n scratch -s NA'))
    .action((options: ConditionOptions) => {
      const read = readOptions(options);
      if (read.ok) invoke(read.value);
      else refuse(read.error);
    });
};

/** Fails with `message_too_large`. */
export const conditionRequest = ({ condition }: ConditionInvocation, envelope: Envelope): Result<LocalRequestOf<'condition'>> =>
  fitsEvent({ ...envelope, verb: 'condition', ...condition });

export const condition = loaded<ConditionInvocation>({
  add,
  perform: async (invocation, run) => deliver(conditionRequest(invocation, run.envelope), run),
});
