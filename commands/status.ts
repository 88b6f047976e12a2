// `jetpack status`: this node at a glance.
import type { LocalRequestOf } from '../protocol/local.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { presentKeepalive } from './keepalive.ts';
import { addForm, isJson, jsonText, styleFor, type Form, type Style } from './output.ts';
import { configLines, convergeLines, convergeMoods, endLines, healthLines, healthMood, part, partsTable, phaseMoods, type Part, type Status } from './status-lines.ts';

export interface StatusInvocation {
  readonly command: 'status';
  readonly json: boolean;
}

const add: CommandDefinition<StatusInvocation>['add'] = (program, invoke) => {
  const command = program
    .command('status')
    .summary('this node at a glance')
    .description(
      'Shows where this node stands: phase, server, broker, outbox, health, keepalive, last converge, whether the server is asked ' +
        'to end it, and how many scripts run before that.\n' +
        'Exit code 0 when jetpackd answers, and 1 when it does not: what files say, which it then shows as far as this user may read ' +
        'them with a line on standard error, is never all of it.',
    )
    .addHelpText('after', examples('jetpack status', 'jetpack status --output json'));
  addForm(command).action((form: { readonly json?: true; readonly output?: Form }) => invoke({ command: 'status', json: isJson(form) }));
};

export const statusRequest = ({ id, trace }: Envelope): LocalRequestOf<'status'> => ({ verb: 'status', id, ...(trace === undefined ? {} : { trace }) });

export const presentStatus = ({ json }: StatusInvocation, result: unknown, style: Style): string => {
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
    part('health', health, (told) => healthLines(told), healthMood),
    part('keepalive', keepalive, (view) => [presentKeepalive(view)]),
    part('converge', converge, convergeLines, ({ last }) => (last === undefined ? undefined : convergeMoods[last.outcome])),
    part('shutdown', lifecycle, endLines, ({ shutdown }) => (shutdown === undefined ? undefined : 'doubtful')),
  ];
  return partsTable(parts, style);
};

export const status = loaded<StatusInvocation>({
  add,
  perform: (invocation, run) =>
    askDaemon(run, {
      request: statusRequest(run.envelope),
      socket: 'cluster',
      present: (result) => presentStatus(invocation, result, styleFor(run.host.terminal, run.host.env)),
      otherwise: async (away) => (await import('./status-away.ts')).statusAway(invocation, run, away),
    }),
});
