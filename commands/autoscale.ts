// `jetpack autoscale`: how much the cluster is to have of its node arrays (reference, section 5.9).
import type { AutoscaleTarget } from '../protocol/autoscale.ts';
import { autoscaleLimits } from '../protocol/autoscale-limits.ts';
import { parseJson } from '../protocol/json.ts';
import { limits } from '../protocol/limits.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { targetsOf } from './autoscale-targets.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { deliver } from './deliver.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { fitsEvent } from './fits-event.ts';
import type { Host } from './host.ts';

export type AutoscaleInvocation =
  | { readonly command: 'autoscale'; readonly target: AutoscaleTarget }
  /** `-` is standard input. */
  | { readonly command: 'autoscale'; readonly file: string };

interface AutoscaleOptions {
  readonly corecount?: string;
  readonly instancecount?: string;
  readonly name?: string;
  readonly file?: string;
}

const isCount = (text: string): boolean => /^\d{1,15}$/.test(text);

const readOptions = ({ corecount, file, instancecount, name }: AutoscaleOptions): Result<AutoscaleInvocation> => {
  const given = [corecount, instancecount, file].filter((option) => option !== undefined).length;
  if (given === 0) return fail('usage', 'nothing is asked for: give --corecount, --instancecount or --file');
  if (given > 1) return fail('usage', 'give one of --corecount, --instancecount and --file');
  if (file === '') return fail('usage', "option '-f, --file <path>' is empty");
  if (file !== undefined) return name === undefined ? ok({ command: 'autoscale', file }) : fail('usage', 'the file names its node arrays: --name does not go with --file');
  if (name !== undefined && (name === '' || name.length > autoscaleLimits.name)) return fail('usage', `option '--name <array>' is not of 1 to ${autoscaleLimits.name} characters`);
  const [option, text] = corecount === undefined ? ['--instancecount <n>', instancecount ?? ''] : ['--corecount <n>', corecount];
  if (!isCount(text)) return fail('usage', `option '${option}' is not a whole number from 0 on`);
  const count = Number(text);
  return ok({ command: 'autoscale', target: { ...(name !== undefined && { name }), ...(corecount === undefined ? { instanceCount: count } : { coreCount: count }) } });
};

const add: CommandDefinition<AutoscaleInvocation>['add'] = (program, invoke, refuse) => {
  program
    .command('autoscale')
    .summary('ask for cores or machines')
    .description(
      'Asks for so many cores or machines of a node array, or of the cluster. It holds for five minutes\n' +
        'from when it is asked, so ask again while it is wanted; what is asked later replaces it.\n' +
        'The file is a list of objects with Name, and TargetCoreCount or TargetCount; an empty list asks\n' +
        'for nothing any more.\n' +
        'While jetpackd is away the request waits on disk: what waits longer than it holds has no effect.',
    )
    .option('--corecount <n>', 'so many cores')
    .option('--instancecount <n>', 'so many machines')
    .option('--name <array>', 'of this node array (default: of the cluster as a whole)')
    .option('-f, --file <path>', 'what this file asks for, as JSON; - is standard input')
    .addHelpText('after', examples('jetpack autoscale --corecount 240 --name execute', 'jetpack autoscale --file targets.json'))
    .action((options: AutoscaleOptions) => {
      const read = readOptions(options);
      if (read.ok) invoke(read.value);
      else refuse(read.error);
    });
};

/** Fails with `config_invalid`, or as the host does. */
const readTargets = async (file: string, host: Host): Promise<Result<readonly AutoscaleTarget[]>> => {
  const body = await (file === '-' ? host.readInput(limits.event) : host.readFile(file, limits.event));
  if (!body.ok) return body;
  const name = file === '-' ? 'standard input' : file;
  const json = parseJson(body.value);
  if (!json.ok) return fail('config_invalid', `${name} ${json.error}`);
  const targets = targetsOf(json.value);
  return targets.ok ? targets : fail('config_invalid', `${name}: ${targets.error}`);
};

/** Fails with `message_too_large`. */
export const autoscaleRequest = (targets: readonly AutoscaleTarget[], envelope: Envelope): Result<LocalRequestOf<'autoscale'>> =>
  fitsEvent({ ...envelope, verb: 'autoscale', targets: [...targets] });

export const autoscale = loaded<AutoscaleInvocation>({
  add,
  async perform(invocation, run) {
    const targets = 'file' in invocation ? await readTargets(invocation.file, run.host) : ok([invocation.target]);
    return targets.ok ? deliver(autoscaleRequest(targets.value, run.envelope), run) : targets;
  },
});
