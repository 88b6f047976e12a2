// `jetpack inspect`: the daemon's live actors.
import type { LocalRequestOf } from '../protocol/local.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { addForm, isJson, jsonText, styleFor, type Form, type Style } from './output.ts';

export interface InspectInvocation {
  readonly command: 'inspect';
  readonly json: boolean;
}

/** As the daemon answers. */
interface Actors {
  readonly actors: ReadonlyArray<{ readonly path: string; readonly state: string; readonly mailbox: number; readonly restarts: number }>;
}

const add: CommandDefinition<InspectInvocation>['add'] = (program, invoke) => {
  const command = program
    .command('inspect')
    .summary("show the daemon's actors")
    .description('Shows the tree of actors in jetpackd: the state of each, messages that wait in its mailbox, and its restarts.\nServed on run/admin.sock: run it as the user of jetpackd.')
    .addHelpText('after', examples('jetpack inspect', 'jetpack inspect --json'));
  addForm(command).action((form: { readonly json?: true; readonly output?: Form }) => invoke({ command: 'inspect', json: isJson(form) }));
};

export const inspectRequest = (envelope: Envelope): LocalRequestOf<'inspect'> => {
  const { id, trace } = envelope;
  return { verb: 'inspect', id, ...(trace === undefined ? {} : { trace }) };
};

/** An actor stands under its supervisor, a step further in. */
const nameOf = (path: string): string => {
  const words = path.split('/');
  return `${'  '.repeat(words.length - 1)}${words.at(-1) ?? ''}`;
};

/** The supervisors above the actors, each before what it has. */
const withSupervisors = (paths: readonly string[]): readonly string[] => {
  const all = new Set<string>();
  for (const path of paths) {
    const words = path.split('/');
    for (let length = 1; length <= words.length; length += 1) all.add(words.slice(0, length).join('/'));
  }
  return [...all];
};

export const presentInspect = ({ json }: InspectInvocation, result: unknown, { paint, table }: Style): string => {
  if (json) return jsonText(result);
  // The daemon and this command are of one version, or the handshake would have said so.
  const { actors } = result as Actors;
  const rows = withSupervisors(actors.map(({ path }) => path)).map((path) => {
    const found = actors.find((actor) => actor.path === path);
    return found === undefined ? [nameOf(path), 'supervisor', '', ''] : [nameOf(path), paint(found.state === 'running' ? 'good' : 'doubtful', found.state), String(found.mailbox), String(found.restarts)];
  });
  return table([['actor', 'state', 'mailbox', 'restarts'], ...rows]);
};

export const inspect = loaded<InspectInvocation>({
  add,
  needsDaemon: { inspect: true },
  perform: (invocation, run) =>
    askDaemon(run, {
      request: inspectRequest(run.envelope),
      socket: 'admin',
      present: (result) => presentInspect(invocation, result, styleFor(run.host.terminal, run.host.env)),
    }),
});
