// From a client's line to a request that may be handled, and from there to the line of its answer.
import type { Asker } from '../../actors/node/gateway/serve-request.ts';
import type { Logger } from '../../effects/logger.ts';
import type { LocalReply, LocalRequest } from '../../protocol/local.ts';
import type { Result } from '../../protocol/result.ts';
import { checkRequest, decodeRequest } from './decode.ts';
import { encodeReply, refusal } from './replies.ts';
import { serves, type SocketName } from './verbs.ts';

/** Who asks: all that is known of a caller is which socket it could open. */
export interface Caller {
  readonly socket: SocketName;
}

/**
 * Answers a request, under its id; the asker takes lines meanwhile and says when nobody listens any more. A rejection counts as
 * a defect of the daemon and is answered as `internal`.
 */
export type HandleRequest = (request: LocalRequest, asker: Asker) => Promise<LocalReply>;

/** The request, if it is one that the caller's socket serves; else the reply that says why not. */
export const admitRequest = (line: Uint8Array, caller: Caller): Result<LocalRequest, LocalReply> => admitted(decodeRequest(line), caller);

/** The same of a request that was made in this process. */
export const admitValue = (value: unknown, caller: Caller): Result<LocalRequest, LocalReply> => admitted(checkRequest(value), caller);

const admitted = (decoded: Result<LocalRequest, LocalReply>, caller: Caller): Result<LocalRequest, LocalReply> => {
  if (!decoded.ok || serves(caller.socket, decoded.value.verb)) return decoded;
  const { id, verb } = decoded.value;
  return { ok: false, error: refusal('forbidden', `this socket does not serve '${verb}': run/admin.sock does`, id) };
};

/** Says whether somebody is there by a signal that is made when it is looked at first, which few requests do. */
export const askerOf = (progress: Asker['progress'], gone: () => AbortSignal): Asker => ({
  progress,
  get gone() {
    return gone();
  },
});

const defect = ({ id, verb }: LocalRequest, error: unknown, logger: Logger): LocalReply => {
  logger.error('a local request failed by a defect', { verb, id, error });
  return refusal('internal', 'the daemon failed by a defect: its log says more', id);
};

/** The answer, whatever the handler does. */
export const answerRequest = async (request: LocalRequest, asker: Asker, handle: HandleRequest, logger: Logger): Promise<LocalReply> => {
  try {
    return await handle(request, asker);
  } catch (error) {
    return defect(request, error, logger);
  }
};

/** The same as a line. */
export const answerLine = async (request: LocalRequest, asker: Asker, handle: HandleRequest, logger: Logger): Promise<string> => {
  const reply = await answerRequest(request, asker, handle, logger);
  try {
    return encodeReply(reply);
  } catch (error) {
    return encodeReply(defect(request, error, logger));
  }
};
