// Owns the HTTP listener.
//
// States: `opening`, `listening`. It answers no request itself: the listener asks the roster, and the orchestrator what clusters are
// asked to have, gives commands to the orchestrator, tokens to enrolment, what programs tell to the events actor, and reads the
// store, so a slow client costs no mailbox. When the address cannot be had it crashes, and the supervisor tries again or gives up.
import type { Logger } from '../../effects/logger.ts';
import type { ToldEvent } from '../../protocol/clusterlink-read.ts';
import type { CommandRequest } from '../../protocol/command-request.ts';
import type { EnrolRequest, TokenRequest } from '../../protocol/enrolment.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, AskResult, Reply } from '../ref.ts';
import type { CommandAnswer } from './command-orders.ts';
import type { GiveCommand } from './commanding.ts';
import type { EnrolmentMessage, MintedToken, Revocation, Sealed } from './enrolment.ts';
import type { PostEvents } from './events.ts';
import type { AskAutoscale } from './orchestrator.ts';
import type { AutoscaleTargetRecord } from './ports.ts';
import type { NodeView, RosterMessage } from './roster.ts';

export interface ListeningApi {
  readonly url: string;
  close(): Promise<void>;
}

/** What the listener asks of actors. */
export interface ApiQuestions {
  nodes(): Promise<AskResult<readonly NodeView[]>>;
  command(request: CommandRequest, trace: TraceContext | undefined): Promise<AskResult<CommandAnswer>>;
  autoscale(cluster: string): Promise<AskResult<readonly AutoscaleTargetRecord[]>>;
  mint(request: TokenRequest): Promise<Result<MintedToken>>;
  redeem(request: EnrolRequest): Promise<Result<Sealed>>;
  revoke(node: NodeAddress): Promise<Result<Revocation>>;
  /** How many of these were not posted before. */
  post(from: NodeAddress, events: readonly ToldEvent[]): Promise<Result<number>>;
}

export type ApiMessage =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'failed'; readonly error: unknown };

export interface ApiPorts {
  readonly open: (questions: ApiQuestions) => Promise<ListeningApi>;
  readonly roster: ActorRef<RosterMessage>;
  readonly orchestrator: ActorRef<GiveCommand | AskAutoscale>;
  readonly enrolment: ActorRef<EnrolmentMessage>;
  readonly events: ActorRef<PostEvents>;
  readonly onListening: (url: string) => void;
  readonly logger: Logger;
}

interface State {
  readonly listener: Promise<ListeningApi>;
}

const timeoutMs = 5_000;
/** The broker is told before a node is answered. Shorter than the silence after which the listener cuts a connection. */
const redeemMs = 8_000;

/** The answer to a question that could not be asked is its own kind of failure. */
const flat = <T>(asked: AskResult<Result<T>>): Result<T> => (asked.ok ? asked.value : asked);

export const api = (ports: ApiPorts): ActorDefinition<State, ApiMessage> => ({
  name: 'api',
  start(context: ActorContext<ApiMessage>) {
    const listener = ports.open({
      nodes: () => context.ask(ports.roster, (reply: Reply<readonly NodeView[]>) => ({ type: 'list', reply }) as const, { timeoutMs }),
      command: (request, trace) =>
        context.ask(ports.orchestrator, (reply: Reply<CommandAnswer>) => ({ type: 'command', request, reply }) as const, { timeoutMs, trace }),
      autoscale: (cluster) =>
        context.ask(ports.orchestrator, (reply: Reply<readonly AutoscaleTargetRecord[]>) => ({ type: 'autoscale?', cluster, reply }) as const, { timeoutMs }),
      mint: async (request) => flat(await context.ask(ports.enrolment, (reply: Reply<Result<MintedToken>>) => ({ type: 'mint', request, reply }) as const, { timeoutMs })),
      redeem: async (request) => flat(await context.ask(ports.enrolment, (reply: Reply<Result<Sealed>>) => ({ type: 'redeem', request, reply }) as const, { timeoutMs: redeemMs })),
      revoke: async (node) => flat(await context.ask(ports.enrolment, (reply: Reply<Result<Revocation>>) => ({ type: 'revoke', node, reply }) as const, { timeoutMs })),
      post: async (from, events) => flat(await context.ask(ports.events, (reply: Reply<Result<number>>) => ({ type: 'post', from, events, reply }) as const, { timeoutMs })),
    });
    context.pipeToSelf(listener, ({ url }) => ({ type: 'listening', url }), (error) => ({ type: 'failed', error }));
    return { listener };
  },
  receive(state, message) {
    switch (message.type) {
      case 'listening':
        ports.logger.info(`the API listens on ${message.url}`);
        ports.onListening(message.url);
        return state;
      case 'failed':
        throw message.error;
      default:
        return assertNever(message);
    }
  },
  async release(state) {
    const listener = await state.listener.catch(() => undefined);
    await listener?.close();
  },
});
