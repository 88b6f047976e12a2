// Requests of the command line about the end of the node, as questions to lifecycle.
import type { LocalRequestOf } from '../../../protocol/local.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import type { AskShutdown, CancelShutdown, ChangeEndScripts, EndScriptsView } from '../lifecycle/lifecycle.ts';
import type { ShutdownView } from '../lifecycle/wish.ts';

export const shutdownQuestion =
  ({ action, cause = 'requested', reason, way = 'terminate' }: LocalRequestOf<'shutdown'>) =>
  (reply: Reply<Result<ShutdownView>>): AskShutdown | CancelShutdown => {
    switch (action) {
      case 'request':
        return { type: 'shutdown', cause, way, reason, reply };
      case 'cancel':
        return { type: 'cancelShutdown', reply };
      default:
        return assertNever(action);
    }
  };

const changeOf = ({ action, arguments: given = [], path }: LocalRequestOf<'run-on-shutdown'>): Result<ChangeEndScripts['change']> => {
  if (action === 'list') return ok({ type: 'list' });
  if (path === undefined) return fail('request_invalid', 'the request names no path');
  return ok(action === 'add' ? { type: 'add', script: { path, arguments: given } } : { type: 'remove', path });
};

/** Fails with `request_invalid` when the path is missing. */
export const endScriptsQuestion = (request: LocalRequestOf<'run-on-shutdown'>): Result<(reply: Reply<Result<EndScriptsView>>) => ChangeEndScripts> => {
  const change = changeOf(request);
  return change.ok ? ok((reply) => ({ type: 'endScripts', change: change.value, reply })) : change;
};
