// Holds off terminations by the health check, for a time or for ever.
//
// States: `free` and `holding`. A `set` leads to holding, and replaces what held; a `cancel` or the end of its time leads to free.
// What holds is kept in the node's state with the event that tells of it, in one transaction, so a restart neither forgets nor
// prolongs it. Changes are made one after another; each is answered, told to the observers and written to run/node.keepalive
// only when it is durable. A timer looks at the boot clock every minute at the latest, for a suspension stops timers. A change
// that cannot be kept changes nothing: whoever asked is told, and an end is tried again. An incarnation gives way to the next one
// only when nothing of it is under way to the disk any more. It never ends a node.
import PQueue from 'p-queue';
import type { BootClock } from '../../../effects/boot-clock.ts';
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { anchored, keepJson, newKeep, readKeep, remainingMs, type Keep } from './kept-alive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { NodeState } from '../state.ts';

export interface KeepaliveView {
  readonly holds: boolean;
  /** Wall clock, milliseconds. Absent while it holds: for ever. */
  readonly expiresAt?: number;
  readonly remainingMs?: number;
  readonly reason?: string;
  /** The answer to `cancel`: whether there was something to cancel. */
  readonly cancelled?: boolean;
}

/** For observers: at the start and at each change. */
export interface KeepaliveChanged {
  readonly type: 'keepalive';
  readonly holds: boolean;
}

/** `durationMs` undefined: for ever. */
export interface SetKeepalive {
  readonly type: 'set';
  readonly durationMs: number | undefined;
  readonly reason: string | undefined;
  readonly reply: Reply<Result<KeepaliveView>>;
}

/** Answered well also when nothing holds. */
export interface CancelKeepalive {
  readonly type: 'cancel';
  readonly reply: Reply<Result<KeepaliveView>>;
}

export interface ShowKeepalive {
  readonly type: 'show';
  readonly reply: Reply<KeepaliveView>;
}

/** What stands is reported anew, for a server that may not know it any more. */
export interface TellStanding {
  readonly type: 'tellStanding';
}

export type KeepaliveMessage =
  | SetKeepalive
  | CancelKeepalive
  | ShowKeepalive
  | TellStanding
  | { readonly type: 'restored' }
  | { readonly type: 'tick' }
  | { readonly type: 'changed'; readonly change: Change; readonly result: Result<void> };

/** Shows the keepalive to scripts, in run/node.keepalive. Its failures harm nothing. */
export interface KeepaliveFile {
  write(view: KeepaliveView): Promise<Result<void>>;
  remove(): Promise<Result<void>>;
}

export interface KeepalivePorts {
  readonly state: NodeState;
  readonly file: KeepaliveFile;
  readonly messaging: ActorRef<DrainPending>;
  readonly observers: readonly ActorRef<KeepaliveChanged>[];
  readonly bootClock: BootClock;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Change {
  /** `told`: what stands is reported anew, and nothing changes. */
  readonly type: 'set' | 'cancel' | 'expired' | 'corrected' | 'told';
  readonly keep: Keep | undefined;
  readonly reply?: Reply<Result<KeepaliveView>>;
}

type Request = SetKeepalive | CancelKeepalive | TellStanding | { readonly type: 'tick' };

interface State {
  readonly keep: Keep | undefined;
  /** A change is on its way to the disk. */
  readonly busy: boolean;
  /** What has come meanwhile, in order. */
  readonly waiting: readonly Request[];
  readonly cancelTimer: () => void;
  /** What is on its way to the disk, whoever still waits for it. */
  readonly writes: PQueue;
}

const stateKey = 'keepalive';
const longestMs = 3_650 * 86_400_000;
const longestReason = 1_000;
const lookEveryMs = 60_000;
/** The boot clock may be as coarse as this, and an end that could not be kept is tried again so soon. */
const shortestMs = 100;
const againMs = 10_000;

/** A change is made when the one before is done. */
const oneAtATime = 1;

const idle = (): void => undefined;

/** A reason stands in a line of a file and of a log. */
const oneLine = (text: string | undefined): string | undefined => {
  const line = text?.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim().slice(0, longestReason);
  return line === '' ? undefined : line;
};

export const keepalive = (ports: KeepalivePorts): ActorDefinition<State, KeepaliveMessage> => {
  const { clock, logger, random } = ports;
  type Context = ActorContext<KeepaliveMessage>;

  const view = (keep: Keep | undefined): KeepaliveView => {
    const left = keep && remainingMs(ports, keep);
    if (keep === undefined || (left !== undefined && left <= 0)) return { holds: false };
    const ends = left === undefined ? {} : { expiresAt: Math.round(clock.now() + left), remainingMs: Math.round(left) };
    return { holds: true, ...ends, ...(keep.reason !== undefined && { reason: keep.reason }) };
  };

  const restore = (): Keep | undefined => {
    const kept = ports.state.get(stateKey);
    const keep = kept === undefined ? undefined : readKeep(kept);
    if (kept !== undefined && keep === undefined) logger.error('what is kept of the keepalive cannot be read: the node is not kept alive');
    return keep;
  };

  const tellObservers = (context: Context, holds: boolean): void => {
    for (const observer of ports.observers) context.tell(observer, { type: 'keepalive', holds });
  };

  const writeFile = async (keep: Keep | undefined): Promise<void> => {
    const shown = view(keep);
    const written = await (shown.holds ? ports.file.write(shown) : ports.file.remove());
    if (!written.ok) logger.warn(`the keepalive cannot be shown to scripts: ${written.error.message}`, { code: written.error.code });
  };

  const makeDurable = async (context: Context, { keep, type }: Change): Promise<Result<void>> => {
    const at = clock.now();
    const { expiresAt, holds, reason } = view(keep);
    const event = { kind: 'keepalive', id: uuid7(at, random), at, holds, ...(expiresAt !== undefined && { expiresAt }), ...(reason !== undefined && { reason }) } as const;
    const changes = type === 'told' ? [] : [{ key: stateKey, value: keep && keepJson(keep) }];
    const changed = await ports.state.change(changes, [{ event, trace: context.trace }]);
    if (changed.ok && type !== 'told') await writeFile(keep);
    return changed;
  };

  const begin = (state: State, change: Change, context: Context): State => {
    context.pipeToSelf(
      state.writes.add(() => makeDurable(context, change)),
      (result) => ({ type: 'changed', change, result }),
      (error) => ({ type: 'changed', change, result: fail('internal', String(error)) }),
    );
    return { ...state, busy: true };
  };

  const watch = (state: State, context: Context, atMost = lookEveryMs): State => {
    state.cancelTimer();
    const left = state.keep && remainingMs(ports, state.keep);
    const cancelTimer = left === undefined ? idle : context.later(Math.max(shortestMs, Math.min(left, atMost)), { type: 'tick' });
    return { ...state, cancelTimer };
  };

  const act = (state: State, request: Request, context: Context): State => {
    switch (request.type) {
      case 'set': {
        const { durationMs, reply } = request;
        if (durationMs !== undefined && !(durationMs >= 1 && durationMs <= longestMs)) {
          reply(fail('request_invalid', 'a keepalive lasts from a second to 3650 days, or forever'));
          return state;
        }
        return begin(state, { type: 'set', keep: newKeep(ports, durationMs, oneLine(request.reason)), reply }, context);
      }
      case 'cancel':
        if (view(state.keep).holds) return begin(state, { type: 'cancel', keep: undefined, reply: request.reply }, context);
        request.reply(ok({ holds: false, cancelled: false }));
        return state;
      case 'tellStanding':
        return view(state.keep).holds ? begin(state, { type: 'told', keep: state.keep }, context) : state;
      case 'tick': {
        if (state.keep === undefined) return watch(state, context);
        if (!view(state.keep).holds) return begin(state, { type: 'expired', keep: undefined }, context);
        const corrected = anchored(ports, state.keep);
        return corrected === undefined ? watch(state, context) : begin(state, { type: 'corrected', keep: corrected }, context);
      }
      default:
        return assertNever(request);
    }
  };

  /** Goes on with what waits, until one of it is on its way to the disk. */
  const next = (state: State, context: Context): State => {
    const [request, ...waiting] = state.waiting;
    if (state.busy || request === undefined) return state;
    return next(act({ ...state, waiting }, request, context), context);
  };

  const told = (state: State, result: Result<void>, context: Context): State => {
    if (result.ok) context.tell(ports.messaging, { type: 'pending' });
    else {
      logger.warn(`the keepalive could not be told anew: ${result.error.message}`, { code: result.error.code });
      context.later(againMs, { type: 'tellStanding' });
    }
    return next({ ...state, busy: false }, context);
  };

  const announce = ({ keep, type }: Change): void => {
    const { expiresAt, reason } = view(keep);
    const why = reason === undefined ? '' : `: ${reason}`;
    if (keep !== undefined) logger.info(`kept alive ${expiresAt === undefined ? 'forever' : `until ${new Date(expiresAt).toISOString()}`}${why}`);
    else logger.info(type === 'expired' ? 'the keepalive is over' : 'the keepalive is cancelled');
  };

  const changed = (state: State, { change, result }: Extract<KeepaliveMessage, { type: 'changed' }>, context: Context): State => {
    if (change.type === 'told') return told(state, result, context);
    if (!result.ok) {
      logger.warn(`a keepalive could not be kept: ${result.error.message}`, { code: result.error.code });
      change.reply?.(result);
      return next(watch({ ...state, busy: false }, context, againMs), context);
    }
    announce(change);
    context.tell(ports.messaging, { type: 'pending' });
    const shown = view(change.keep);
    tellObservers(context, shown.holds);
    change.reply?.(ok(change.type === 'cancel' ? { ...shown, cancelled: true } : shown));
    return next(watch({ ...state, busy: false, keep: change.keep }, context), context);
  };

  return {
    name: 'keepalive',
    start(context) {
      const keep = restore();
      // Whatever a former life could not tell any more, and what was over or moved meanwhile.
      context.tell(ports.messaging, { type: 'pending' });
      tellObservers(context, view(keep).holds);
      const writes = new PQueue({ concurrency: oneAtATime });
      context.pipeToSelf(writes.add(() => writeFile(keep)), () => ({ type: 'restored' }), () => ({ type: 'restored' }));
      return { keep, busy: true, waiting: [], cancelTimer: idle, writes };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'show':
          message.reply(view(state.keep));
          return state;
        case 'set':
        case 'cancel':
        case 'tick':
          return next({ ...state, waiting: [...state.waiting, message] }, context);
        case 'tellStanding':
          // One report tells all who asked.
          return state.waiting.some(({ type }) => type === 'tellStanding') ? state : next({ ...state, waiting: [...state.waiting, message] }, context);
        case 'restored':
          return next({ ...state, busy: false, waiting: [{ type: 'tick' }, ...state.waiting] }, context);
        case 'changed':
          return changed(state, message, context);
        default:
          return assertNever(message);
      }
    },
    release: ({ writes }) => writes.onIdle(),
  };
};
