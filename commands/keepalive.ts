// `jetpack keepalive`: holds off terminations by the health check (reference, section 5.4), shows or ends that.
import type { Command } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { parseLasting, sayLasting } from './duration.ts';
import { askDaemon } from './ask.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { localTime } from './local-time.ts';
import { addForm, isJson, jsonText, type Form } from './output.ts';

export type KeepaliveInvocation =
  | { readonly command: 'keepalive'; readonly action: 'show' | 'cancel'; readonly json?: true }
  /** `durationMs` undefined: for ever. */
  | { readonly command: 'keepalive'; readonly action: 'set'; readonly durationMs: number | undefined; readonly reason: string | undefined; readonly json?: true };

interface KeepaliveOptions {
  readonly reason?: string;
  readonly json?: true;
  readonly output?: Form;
}

const standardDuration = '1h';

/** As the local protocol bounds it. */
const longestReason = 1_000;

/** The rest of the command line, which commander leaves to us: it would call `-1h` an unknown option. */
const refusalOf = (words: readonly string[]): string | undefined => {
  // Commander takes nothing after it for an option either, so what follows says nothing. The duration has a line of its own.
  if (words[0] !== undefined && /^-+[\d.]/.test(words[0])) return undefined;
  const option = words.find((word) => /^-+[^-\d.]/.test(word));
  if (option !== undefined) return `unknown option '${option.slice(0, 100)}'`;
  return words.length > 1 ? 'too many arguments: give one duration, or forever, show or cancel' : undefined;
};

const reasonRefusal = (reason: string): string | undefined => {
  if (reason.trim() === '') return "option '--reason <text>' is empty";
  return reason.length > longestReason ? `the reason has ${reason.length} characters: at most ${longestReason} are allowed` : undefined;
};

const add: CommandDefinition<KeepaliveInvocation>['add'] = (program, invoke, refuse) => {
  const usage = (message: string): void => refuse({ code: 'usage', message });
  const keepaliveCommand = program
    .command('keepalive')
    .summary('hold off the termination of an unhealthy node')
    .description(
      'Holds off terminations by the health check for a while, so that a node can be looked at.\n' +
        'Giving it again replaces what was given before. It survives restarts and does not touch autoscaling.\n' +
        'Where jetpackd does not answer, show prints what run/node.keepalive says, with a line on standard\n' +
        'error. It ends with 0 then too: that file holds all that was asked.',
    )
    .usage('[options] [DURATION | forever | show | cancel]')
    .argument('[duration]', `a whole number and s, m, h, d or w, such as 30m, 6h or 2d; forever; or show, or cancel (default: ${standardDuration})`)
    .option('--reason <text>', 'why, for those who find the node kept alive')
    .addHelpText('after', examples('jetpack keepalive', "jetpack keepalive 2d --reason 'looking into a crash'", 'jetpack keepalive show --json'));
  addForm(keepaliveCommand)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_duration: string | undefined, { reason, ...form }: KeepaliveOptions, command: Command) => {
      const asJson = isJson(form) ? ({ json: true } as const) : {};
      const refusal = refusalOf(command.args);
      if (refusal !== undefined) return usage(refusal);
      const word = command.args[0] ?? standardDuration;
      if (word === 'show' || word === 'cancel') {
        return reason === undefined ? invoke({ command: 'keepalive', action: word, ...asJson }) : usage(`option '--reason <text>' does not go with ${word}`);
      }
      const wrongReason = reason === undefined ? undefined : reasonRefusal(reason);
      if (wrongReason !== undefined) return usage(wrongReason);
      const lasting = parseLasting(word);
      if (lasting.ok) invoke({ command: 'keepalive', action: 'set', durationMs: lasting.value, reason, ...asJson });
      else refuse(lasting.error);
    });
};

export const keepaliveRequest = (invocation: KeepaliveInvocation, { id, trace }: Envelope): LocalRequestOf<'keepalive'> => {
  const head = { verb: 'keepalive', id, ...(trace !== undefined && { trace }), action: invocation.action } as const;
  if (invocation.action !== 'set') return head;
  const { durationMs, reason } = invocation;
  return { ...head, ...(durationMs !== undefined && { durationMs }), ...(reason !== undefined && { reason }) };
};

/** The daemon's answer as one line. What it says is looked at member by member: it may be of another version. */
export const presentKeepalive = (result: unknown): string => {
  const view: { holds?: unknown; expiresAt?: unknown; remainingMs?: unknown; reason?: unknown; cancelled?: unknown } =
    typeof result === 'object' && result !== null ? result : {};
  if (typeof view.holds !== 'boolean') return 'jetpackd gave an answer that cannot be read';
  if (!view.holds) {
    if (view.cancelled === true) return 'no longer kept alive';
    return view.cancelled === false ? 'not kept alive: there was nothing to cancel' : 'not kept alive';
  }
  const reason = typeof view.reason === 'string' && view.reason !== '' ? `: ${view.reason.replaceAll(/\p{Cc}+/gu, ' ')}` : '';
  if (typeof view.expiresAt !== 'number') return `kept alive forever${reason}`;
  const remaining = typeof view.remainingMs === 'number' ? ` (in ${sayLasting(view.remainingMs)})` : '';
  return `kept alive until ${localTime(view.expiresAt)}${remaining}${reason}`;
};

export const keepalive = loaded<KeepaliveInvocation>({
  add,
  needsDaemon: { keepalive: ['a duration', 'cancel'] },
  perform(invocation, run) {
    const present = (result: unknown): string => (invocation.json === true ? jsonText(result) : `${presentKeepalive(result)}\n`);
    return askDaemon(run, {
      request: keepaliveRequest(invocation, run.envelope),
      socket: 'cluster',
      present,
      async otherwise(away) {
        const known = invocation.action === 'show' ? await run.node.lastKnown('keepalive') : undefined;
        return known?.ok === true ? { out: present(known.value), note: `${away.message}: this is what run/node.keepalive says` } : undefined;
      },
    });
  },
});
