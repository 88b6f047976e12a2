// `jetpack run_on_shutdown`: registers a script that runs before this node is ended (reference, section 5.14, which knows its name
// and not its syntax).
import path from 'node:path';
import type { Command } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { printable } from './line.ts';
import { addForm, isJson, jsonText, type Form } from './output.ts';

export type RunOnShutdownInvocation =
  | { readonly command: 'run_on_shutdown'; readonly action: 'list'; readonly json?: true }
  | { readonly command: 'run_on_shutdown'; readonly action: 'remove'; readonly path: string }
  | { readonly command: 'run_on_shutdown'; readonly action: 'add'; readonly path: string; readonly arguments: readonly string[] };

interface RunOnShutdownOptions {
  readonly list?: true;
  readonly remove?: string;
  readonly json?: true;
  readonly output?: Form;
}

/** As the local protocol bounds them. */
const most = { arguments: 64, characters: 4_096 } as const;

const pathRefusal = (file: string): string | undefined => {
  if (!path.posix.isAbsolute(file)) return `'${file.slice(0, 100)}' is not an absolute path`;
  // One that holds a line feed would look like two where it is listed.
  if (/\p{Cc}/u.test(file)) return 'the path holds control characters';
  return file.length <= most.characters ? undefined : `the path is longer than ${most.characters} characters`;
};

const readLine = (words: readonly string[], { list, remove, ...form }: RunOnShutdownOptions): Result<RunOnShutdownInvocation> => {
  const [file, ...given] = words;
  const wished = [list, remove, file].filter((word) => word !== undefined).length;
  if (wished === 0) return fail('usage', 'nothing to run: give the absolute path of a script, --list or --remove PATH');
  if (wished > 1) return fail('usage', 'give a script, --list or --remove PATH, and no more than one of them');
  const json = isJson(form);
  if (list === true) return ok({ command: 'run_on_shutdown', action: 'list', ...(json && { json }) });
  if (json) return fail('usage', 'only --list has something to show as JSON');
  const refusal = pathRefusal(remove ?? file ?? '');
  if (refusal !== undefined) return fail('usage', refusal);
  if (remove !== undefined) return ok({ command: 'run_on_shutdown', action: 'remove', path: remove });
  if (given.length > most.arguments) return fail('usage', `the script has ${given.length} arguments: at most ${most.arguments} are allowed`);
  if (given.some((word) => word.length > most.characters)) return fail('usage', `an argument is longer than ${most.characters} characters`);
  return ok({ command: 'run_on_shutdown', action: 'add', path: file ?? '', arguments: given });
};

const add: CommandDefinition<RunOnShutdownInvocation>['add'] = (program, invoke, refuse) => {
  const configure = (command: Command): Command =>
    addForm(command, 'what is registered, as JSON')
      .summary('have a script run before the node is ended')
      .description(
        'Registers a script, which jetpackd runs when this node is told that it is about to be ended: all\n' +
          'that are registered, in order, each once, five minutes at most. The same script with the same\n' +
          'arguments is registered once. It must be an executable file, and no link, that belongs to root or\n' +
          'to the user of jetpackd, and that nobody else may write: it is looked at when it is to run.\n' +
          'What it writes goes to logs/run_on_shutdown.\n' +
          'Served on run/admin.sock: run it as the user of jetpackd.',
      )
      .usage('[options] [--] PATH [ARGUMENT...]')
      .argument('[script...]', 'its absolute path, and what it is given; after -- that may start with a dash')
      .option('--list', 'show what is registered')
      .option('--remove <path>', 'run this script no more, whatever its arguments')
      .addHelpText('after', examples('jetpack run_on_shutdown -- /usr/local/sbin/drain-node --now', 'jetpack run_on_shutdown --list', 'jetpack run_on_shutdown --remove /usr/local/sbin/drain-node'))
      .action((words: readonly string[], options: RunOnShutdownOptions) => {
        const read = readLine(words, options);
        if (read.ok) invoke(read.value);
        else refuse(read.error);
      });
  configure(program.command('run_on_shutdown'));
  // For whoever spells it as commands are spelled elsewhere.
  configure(program.command('run-on-shutdown', { hidden: true }));
};

export const runOnShutdownRequest = (invocation: RunOnShutdownInvocation, { id, trace }: Envelope): LocalRequestOf<'run-on-shutdown'> => {
  const head = { verb: 'run-on-shutdown', id, ...(trace !== undefined && { trace }), action: invocation.action } as const;
  switch (invocation.action) {
    case 'list':
      return head;
    case 'remove':
      return { ...head, path: invocation.path };
    case 'add':
      return { ...head, path: invocation.path, arguments: [...invocation.arguments] };
  }
};

/** As a shell would have to be given it. */
const quoted = (word: string): string => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);

/** What is registered, a line each, or a list in JSON. */
export const presentScripts = (result: unknown, json = false): string => {
  // The daemon and this command are of one version, or the handshake would have said so.
  const { scripts } = result as { readonly scripts: ReadonlyArray<{ readonly path: string; readonly arguments: readonly string[] }> };
  if (json) return jsonText(scripts);
  return scripts.map(({ arguments: given, path: file }) => `${printable([file, ...given].map(quoted).join(' '))}\n`).join('');
};

export const runOnShutdown = loaded<RunOnShutdownInvocation>({
  add,
  needsDaemon: { run_on_shutdown: true, 'run-on-shutdown': true },
  perform: (invocation, run) =>
    askDaemon(run, {
      request: runOnShutdownRequest(invocation, run.envelope),
      socket: 'admin',
      present: (result) => (invocation.action === 'list' ? presentScripts(result, invocation.json) : ''),
    }),
});
