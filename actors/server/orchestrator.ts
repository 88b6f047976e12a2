// Tells nodes what they are to be and to do: their configuration (configuring.ts), commands (commanding.ts), and how the nodes
// stand that they wait for (watches.ts). It also says what clusters are asked to have of their node arrays, as the store has it: a
// target is written with the event that asks for it, in the transaction that counts that as applied.
//
// States: it is unaware until the roster has told it of all nodes, and aware from then on. Unaware it takes no command, since
// it could not say whose it is, and keeps back the configuration of a node it was not told of, since it could not say which machine
// that is and would send the same revision without its id; everything else it does from the beginning. What must outlast it is in
// the store.
//
// It never polls: watches are told when the roster says that nodes have changed, gathered for a moment. It believes no
// node but about itself, and never waits for the outcome of a publish: what is lost is sent again.
import { uuid7, type Random } from '../../effects/random.ts';
import type { Configuration } from '../../protocol/configuration.ts';
import { wireVersion } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever } from '../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import { Commanding, type CommandingMessage, type CommandingPorts, type Field } from './commanding.ts';
import type { Configurations } from './configurations.ts';
import { Configuring, type ConfiguringMessage, type ConfiguringPorts } from './configuring.ts';
import type { AutoscaleTargetRecord, Store } from './ports.ts';
import { nodeKey, type AskNodes, type NodeHeard, type NodeRegistered, type NodesStand, type NodeStanding } from './standings.ts';
import type { AnswerNode, WatchArrived } from './transport.ts';
import { Watches, type Watched } from './watches.ts';

/** What a cluster is asked to have now, in order of the arrays' names. */
export interface AskAutoscale {
  readonly type: 'autoscale?';
  readonly cluster: string;
  readonly reply: Reply<readonly AutoscaleTargetRecord[]>;
}

export type OrchestratorMessage =
  | NodesStand
  | NodeRegistered
  | NodeHeard
  | WatchArrived
  | CommandingMessage
  | ConfiguringMessage
  | AskAutoscale
  | { readonly type: 'watchers' }
  | { readonly type: 'look' };

export interface OrchestratorPorts extends CommandingPorts, ConfiguringPorts {
  readonly store: CommandingPorts['store'] & Pick<Store, 'autoscale'>;
  readonly configurations: Configurations;
  readonly transport: ActorRef<AnswerNode>;
  readonly roster: ActorRef<AskNodes>;
  readonly random: Random;
}

interface State {
  readonly configuring: Configuring;
  readonly commanding: Commanding;
  readonly watches: Watches;
  readonly nodes: Map<string, NodeStanding>;
  /** Nodes that are owed their configuration once the roster has told of all. */
  readonly keptBack: Map<string, NodeAddress>;
  aware: boolean;
  /** Watchers are told in a moment. */
  gathering: boolean;
}

const lookMs = 1_000;

/** For how long changes are gathered before watchers are told: the more there is to tell, the longer. */
const gatherMs = (watches: number, nodes: number): number => Math.min(5_000, Math.max(20, (watches * nodes) / 1_000));

export const orchestrator = (ports: OrchestratorPorts): ActorDefinition<State, OrchestratorMessage> => {
  const { clock, configurations, random } = ports;
  type Context = ActorContext<OrchestratorMessage>;

  const head = () => ({ v: wireVersion, id: uuid7(clock.now(), random), sentAt: clock.now() }) as const;

  const configurationOf = ({ nodes }: State, node: NodeAddress): Configuration => configurations.of(node, nodes.get(nodeKey(node))?.instanceId || undefined);

  const sendConfiguration =
    (state: State, context: Context) =>
    (to: NodeAddress): void => {
      const key = nodeKey(to);
      // An incarnation that follows a crash finds what nodes said in its mailbox, ahead of the roster's answer.
      if (!state.aware && !state.nodes.has(key)) state.keptBack.set(key, to);
      else context.tell(ports.transport, { type: 'answer', to, frame: { ...head(), kind: 'configuration', body: configurationOf(state, to) } });
    };

  const tellWatchers = (watched: readonly Watched[], context: Context): void => {
    for (const { body, to } of watched) context.tell(ports.transport, { type: 'answer', to, frame: { ...head(), kind: 'watched', body } });
  };

  const fieldOf = (state: State, context: Context): Field => ({
    nodesOf: (cluster) => (state.aware ? new Set([...state.nodes.values()].flatMap((node) => (node.cluster === cluster ? [node.node] : []))) : undefined),
    isOnline: (node) => state.nodes.get(nodeKey(node))?.link === 'online',
    configurationOf: (node) => configurationOf(state, node),
    send: (to, body, remainingMs, trace) =>
      void context.tell(ports.transport, { type: 'answer', to, frame: { ...head(), kind: 'command', trace, remainingMs, body } }, { trace }),
  });

  const stand = (state: State, { all, nodes }: NodesStand, context: Context): void => {
    if (all) {
      state.nodes.clear();
      state.aware = true;
    }
    for (const node of nodes) state.nodes.set(nodeKey(node), node);
    if (all) {
      for (const node of state.keptBack.values()) sendConfiguration(state, context)(node);
      state.keptBack.clear();
    }
    state.watches.outdate();
    if (state.watches.size === 0 || state.gathering) return;
    state.gathering = true;
    context.later(gatherMs(state.watches.size, state.nodes.size), { type: 'watchers' });
  };

  return {
    name: 'orchestrator',
    start(context) {
      context.tell(context.self, { type: 'adopt' });
      context.tell(ports.roster, { type: 'nodes?' });
      context.tell(context.self, { type: 'look' });
      const nodes = new Map<string, NodeStanding>();
      const withRole = (cluster: string, role: string): readonly NodeStanding[] =>
        [...nodes.values()].filter((node) => node.cluster === cluster && configurations.rolesOf(node).includes(role));
      const parts = { configuring: new Configuring(ports), commanding: new Commanding(ports), watches: new Watches(withRole) };
      return { ...parts, nodes, keptBack: new Map(), aware: false, gathering: false };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'nodes':
          stand(state, message, context);
          return state;
        case 'registered':
          state.configuring.registered(message, sendConfiguration(state, context), context);
          state.commanding.registered(message.node, fieldOf(state, context), context);
          return state;
        case 'heard':
          state.configuring.heard(message, sendConfiguration(state, context), context);
          return state;
        case 'adopt':
        case 'adopted':
        case 'raised':
          state.configuring.received(message, sendConfiguration(state, context), context);
          return state;
        case 'command':
        case 'ordered':
        case 'expired':
        case 'send':
          state.commanding.received(message, fieldOf(state, context), context);
          return state;
        case 'autoscale?':
          message.reply(ports.store.autoscale(message.cluster));
          return state;
        case 'watch':
          tellWatchers(state.watches.received(message.frame.from, message.frame.body, clock.monotonic()), context);
          return state;
        case 'watchers':
          state.gathering = false;
          tellWatchers(state.watches.due(clock.monotonic()), context);
          return state;
        case 'look':
          state.commanding.look(fieldOf(state, context), context);
          tellWatchers(state.watches.due(clock.monotonic()), context);
          context.later(lookMs, { type: 'look' });
          return state;
        default:
          return assertNever(message);
      }
    },
    release: ({ commanding }) => commanding.release(),
  };
};
