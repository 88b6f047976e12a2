// `jetpack shutdown`: asks the server to end this node (reference, section 5.8). It never waits on disk: a wish that came late would
// end a node that is needed by then.
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { printable } from './line.ts';

type Asked = Required<Pick<LocalRequestOf<'shutdown'>, 'cause' | 'way'>> & { readonly reason: string | undefined };

export type ShutdownInvocation = { readonly command: 'shutdown'; readonly action: 'cancel' } | ({ readonly command: 'shutdown'; readonly action: 'request' } & Asked);

interface ShutdownOptions {
  readonly idle?: true;
  readonly unhealthy?: true;
  readonly terminate?: true;
  readonly deallocate?: true;
  readonly reason?: string;
  readonly cancel?: true;
}

/** As the local protocol bounds it. */
const longestReason = 1_000;

const readOptions = (options: ShutdownOptions): Result<ShutdownInvocation> => {
  const { cancel, deallocate, idle, reason, terminate, unhealthy } = options;
  if (cancel === true) return Object.keys(options).length === 1 ? ok({ command: 'shutdown', action: 'cancel' }) : fail('usage', '--cancel takes a request back: no other option goes with it');
  if (idle === true && unhealthy === true) return fail('usage', 'give --idle or --unhealthy, not both');
  if (terminate === true && deallocate === true) return fail('usage', 'give --terminate or --deallocate, not both');
  if (reason !== undefined && reason.trim() === '') return fail('usage', "option '--reason <text>' is empty");
  if (reason !== undefined && reason.length > longestReason) return fail('usage', `the reason has ${reason.length} characters: at most ${longestReason} are allowed`);
  const cause = idle === true ? 'idle' : unhealthy === true ? 'unhealthy' : 'requested';
  return ok({ command: 'shutdown', action: 'request', cause, way: deallocate === true ? 'deallocate' : 'terminate', reason });
};

const add: CommandDefinition<ShutdownInvocation>['add'] = (program, invoke, refuse) => {
  program
    .command('shutdown')
    .summary('ask the server to end this node')
    .description(
      'Asks the server to end this node: jetpackd never does so itself. The request stands until it is\n' +
        'cancelled or the machine has begun anew, and `jetpack status` shows it; asking again changes its\n' +
        'words. A keepalive does not hold it off. It never waits on disk.\n' +
        'Served on run/admin.sock: run it as the user of jetpackd.',
    )
    .option('--idle', 'because it has nothing to do')
    .option('--unhealthy', 'because something is wrong with it')
    .option('--terminate', 'delete the machine (default)')
    .option('--deallocate', 'stop the machine, and keep its disk')
    .option('--reason <text>', 'why, for those who look for the node later')
    .option('--cancel', 'take the request back')
    .addHelpText('after', examples('jetpack shutdown --idle --deallocate', "jetpack shutdown --unhealthy --reason 'GPU 3 is lost'", 'jetpack shutdown --cancel'))
    .action((options: ShutdownOptions) => {
      const read = readOptions(options);
      if (read.ok) invoke(read.value);
      else refuse(read.error);
    });
};

export const shutdownRequest = (invocation: ShutdownInvocation, { id, trace }: Envelope): LocalRequestOf<'shutdown'> => {
  const head = { verb: 'shutdown', id, ...(trace !== undefined && { trace }), action: invocation.action } as const;
  if (invocation.action === 'cancel') return head;
  const { cause, reason, way } = invocation;
  return { ...head, cause, way, ...(reason !== undefined && { reason }) };
};

/** The daemon's answer as one line. What it says is looked at member by member: it may be of another version. */
export const presentShutdown = (result: unknown): string => {
  const view: { already?: unknown; cancelled?: unknown; cause?: unknown; reason?: unknown; way?: unknown } = typeof result === 'object' && result !== null ? result : {};
  if (view.cancelled === true) return 'the server is no longer asked to end this node';
  if (view.cancelled === false) return 'there was nothing to cancel';
  const way = view.way === 'deallocate' ? 'deallocate' : 'terminate';
  const cause = typeof view.cause === 'string' && view.cause !== 'requested' ? ` (${view.cause})` : '';
  const reason = typeof view.reason === 'string' && view.reason !== '' ? `: ${view.reason}` : '';
  return printable(`the server is asked to ${way} this node${cause}${reason}${view.already === true ? '; it was before' : ''}`);
};

export const shutdown = loaded<ShutdownInvocation>({
  add,
  needsDaemon: { shutdown: true },
  perform: (invocation, run) =>
    askDaemon(run, {
      request: shutdownRequest(invocation, run.envelope),
      socket: 'admin',
      present: (result) => `${presentShutdown(result)}\n`,
    }),
});
