// The end of this node: the wish that its server end it (wish.ts), and what runs before that (registrations.ts, ending.ts).
//
// It has no states of its own. Steps that change what is kept are made one after another, each answered when it is durable; an
// end that is asked for runs its scripts apart from them, one end after another. A stop ends the script that runs and waits for it,
// so that the next incarnation begins with what is kept. It never ends the node: the server does.
import PQueue from 'p-queue';
import type { ShutdownCause, ShutdownWay } from '../../../protocol/events.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import type { BootMoment } from '../boot-moment.ts';
import type { TellStanding } from '../keepalive/keepalive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { settling } from '../settling-state.ts';
import { Ending, type EndingPorts, type EndReport } from './ending.ts';
import type { EndScript } from './ports.ts';
import { Registrations, type Registration } from './registrations.ts';
import { ShutdownWish, type ShutdownView, type WishPorts } from './wish.ts';

export interface AskShutdown {
  readonly type: 'shutdown';
  readonly cause: ShutdownCause;
  readonly way: ShutdownWay;
  readonly reason: string | undefined;
  readonly reply: Reply<Result<ShutdownView>>;
}

/** Answered well also when there is no wish. */
export interface CancelShutdown {
  readonly type: 'cancelShutdown';
  readonly reply: Reply<Result<ShutdownView>>;
}

/** What runs when the node is to end, all of it, in order. */
export interface EndScriptsView {
  readonly scripts: readonly EndScript[];
}

export interface ChangeEndScripts {
  readonly type: 'endScripts';
  readonly change: { readonly type: 'add'; readonly script: EndScript } | { readonly type: 'list' } | { readonly type: 'remove'; readonly path: string };
  readonly reply: Reply<Result<EndScriptsView>>;
}

/** The node is about to be ended: answered when what is registered has run. The same `request` again runs nothing twice. */
export interface EndNode {
  readonly type: 'end';
  readonly request: string;
  /** When this node took it from the server; undefined for what an earlier version took, which did not keep that. */
  readonly accepted: BootMoment | undefined;
  readonly reply: Reply<Result<EndReport>>;
}

/** What stands about the end of this node. */
export interface LifecycleView {
  /** The wish that is open; undefined: nobody asked. */
  readonly shutdown: ShutdownView | undefined;
  /** How many scripts are registered to run before the end. */
  readonly endScripts: number;
}

/** Answered at once with what is durable. */
export interface LifecycleQuestion {
  readonly type: 'lifecycle?';
  readonly reply: Reply<LifecycleView>;
}

export type LifecycleMessage =
  | AskShutdown
  | CancelShutdown
  | ChangeEndScripts
  | EndNode
  | LifecycleQuestion
  | TellStanding
  /** Something to report is kept, if so it is. */
  | { readonly type: 'told'; readonly result: Result<boolean> }
  | { readonly type: 'answered' };

export interface LifecyclePorts extends WishPorts, Omit<EndingPorts, 'registered'> {
  readonly messaging: ActorRef<DrainPending>;
}

interface State {
  readonly steps: PQueue;
  readonly endings: PQueue;
  readonly wish: ShutdownWish;
  readonly registrations: Registrations;
  readonly ending: Ending;
  readonly stop: AbortController;
}

/** How soon what could not be told is tried again. */
const againMs = 10_000;

const oneAtATime = 1;
/** Ends that wait for the one that runs. */
const mostEnds = 16;

const shown = (scripts: readonly Registration[]): EndScriptsView => ({ scripts: scripts.map(({ arguments: given, path }) => ({ path, arguments: given })) });

export const lifecycle = (ports: LifecyclePorts): ActorDefinition<State, LifecycleMessage> => {
  const { logger, messaging } = ports;
  const memory = settling(ports.state);
  type Context = ActorContext<LifecycleMessage>;

  /** Answers with what a step, or an end, comes to. */
  const answer = <T>(context: Context, work: Promise<Result<T>>, reply: Reply<Result<T>>): void => {
    const settle = (result: Result<T>): LifecycleMessage => {
      reply(result);
      return { type: 'answered' };
    };
    context.pipeToSelf(work, settle, (error) => settle(fail('internal', String(error))));
  };

  const tell = (context: Context, work: Promise<Result<boolean>>): void =>
    context.pipeToSelf(work, (result) => ({ type: 'told', result }), (error) => ({ type: 'told', result: fail('internal', String(error)) }));

  const changed = async (registrations: Registrations, change: ChangeEndScripts['change']): Promise<Result<readonly Registration[]>> => {
    switch (change.type) {
      case 'add':
        return registrations.add(change.script);
      case 'list':
        return ok(registrations.all());
      case 'remove':
        return registrations.remove(change.path);
      default:
        return assertNever(change);
    }
  };

  const changeScripts = async (registrations: Registrations, change: ChangeEndScripts['change']): Promise<Result<EndScriptsView>> => {
    const result = await changed(registrations, change);
    return result.ok ? ok(shown(result.value)) : result;
  };

  return {
    name: 'lifecycle',
    start(context) {
      // A former life may have kept reports and not come to say so.
      context.tell(messaging, { type: 'pending' });
      const registrations = new Registrations({ ...ports, state: memory });
      const state: State = {
        steps: new PQueue({ concurrency: oneAtATime }),
        endings: new PQueue({ concurrency: oneAtATime }),
        wish: new ShutdownWish({ ...ports, state: memory }),
        registrations,
        ending: new Ending({ ...ports, state: memory, registered: () => registrations.all() }),
        stop: new AbortController(),
      };
      tell(context, state.steps.add(() => state.wish.outlive(undefined)));
      return state;
    },
    receive(state, message, context) {
      const { ending, endings, registrations, steps, stop, wish } = state;
      switch (message.type) {
        case 'shutdown': {
          const { cause, reason, reply, way } = message;
          answer(context, steps.add(() => wish.ask({ cause, way, reason }, context.trace)), reply);
          return state;
        }
        case 'cancelShutdown':
          answer(context, steps.add(() => wish.cancel(context.trace)), message.reply);
          return state;
        case 'endScripts':
          answer(context, steps.add(() => changeScripts(registrations, message.change)), message.reply);
          return state;
        case 'end':
          if (endings.size >= mostEnds) message.reply(fail('busy', `${mostEnds} ends of this node wait to be carried out`));
          else answer(context, endings.add(() => ending.run(message.request, message.accepted, stop.signal)), message.reply);
          return state;
        case 'lifecycle?':
          message.reply({ shutdown: wish.standing(), endScripts: registrations.all().length });
          return state;
        case 'tellStanding':
          tell(context, steps.add(() => wish.tellStanding(context.trace)));
          return state;
        case 'told':
          if (message.result.ok) {
            if (message.result.value) context.tell(messaging, { type: 'pending' });
            return state;
          }
          logger.warn(`the wish to be ended could not be told: ${message.result.error.message}`, { code: message.result.error.code });
          // Which looks at what is kept then.
          context.later(againMs, { type: 'tellStanding' });
          return state;
        case 'answered':
          context.tell(messaging, { type: 'pending' });
          return state;
        default:
          return assertNever(message);
      }
    },
    // What runs is ended, and waited for with what is on its way to the disk.
    drain: async ({ stop }) => stop.abort(),
    async release({ endings, steps, stop }) {
      stop.abort();
      await endings.onIdle();
      await steps.onIdle();
      await memory.settled();
    },
  };
};
