// `jetpack inspect`: the daemon's live actors.
import type { Command } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { columns } from './columns.ts';
import type { Envelope } from './envelope.ts';

export interface InspectInvocation {
  readonly command: 'inspect';
  readonly json: boolean;
}

/** As the daemon answers. */
interface Actors {
  readonly actors: ReadonlyArray<{ readonly path: string; readonly state: string; readonly mailbox: number; readonly restarts: number }>;
}

export const addInspect = (program: Command, invoke: (invocation: InspectInvocation) => void): void => {
  program
    .command('inspect')
    .summary("show the daemon's actors")
    .description('Shows the tree of actors in jetpackd: the state of each, messages that wait in its mailbox, and its restarts.\nServed on run/admin.sock: run it as the user of jetpackd.')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: boolean }) => invoke({ command: 'inspect', json: json === true }));
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

export const presentInspect = ({ json }: InspectInvocation, result: unknown): string => {
  if (json) return `${JSON.stringify(result, null, 4)}\n`;
  // The daemon and this command are of one version, or the handshake would have said so.
  const { actors } = result as Actors;
  const rows = withSupervisors(actors.map(({ path }) => path)).map((path) => {
    const found = actors.find((actor) => actor.path === path);
    return found === undefined ? [nameOf(path), 'supervisor', '', ''] : [nameOf(path), found.state, String(found.mailbox), String(found.restarts)];
  });
  return columns([['actor', 'state', 'mailbox', 'restarts'], ...rows]);
};
