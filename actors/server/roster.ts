// Which nodes there are, where each stands, and whether it is heard from.
//
// A node is `online` while its heartbeats come, `silent` when three were missed by the server's monotonic clock, and
// `unheard` when this server has only its record and no heartbeat yet. What a node is and its phase come from its events,
// which are in the store, until it says something newer itself, at its registration and with every heartbeat; what it says
// so is kept in memory alone and never written. A registration begins a life of the node: until events tell of a phase entered
// since, none that they tell counts, and heartbeats do, so that nobody who waits for a phase is served one of the life before.
// A node of which the store has no word is asked to tell all that stands. The orchestrator hears of every registration, every heartbeat, and every change
// of a phase or a link, the change first. One actor holds all nodes in its state: a child for each would make every message
// cost their number.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { wireVersion } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever } from '../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import type { IdentityState } from './enrolment-ports.ts';
import type { NodeKeepalive, NodeLink, NodeRecord, NodeTermination } from './ports.ts';
import { nodeKey, type AskNodes, type NodeHeard, type NodeRegistered, type NodesStand, type NodeStanding } from './standings.ts';
import type { AnswerNode, FrameFrom, PresenceArrived } from './transport.ts';

export interface NodeView extends Omit<NodeRecord, 'terminations'> {
  readonly roles: readonly string[];
  /** How its identity on the broker stands; undefined when this server gave it none. */
  readonly identity: IdentityState | undefined;
  /** What holds terminations off, while it does. */
  readonly keepalive: NodeKeepalive | undefined;
  /** The oldest wish to be ended, while nothing holds it off. */
  readonly termination: (NodeTermination & { readonly standing: 'would terminate' }) | undefined;
  /** The revision of the configuration it has. */
  readonly configuration: number | undefined;
  readonly link: NodeLink;
  /** When it was last heard from, by the server's wall clock, milliseconds since the epoch. */
  readonly lastSeenAt: number | undefined;
  /** Rows waiting in its outbox at its last heartbeat. */
  readonly outbox: number | undefined;
}

export type RosterMessage =
  | PresenceArrived
  | AskNodes
  /** Events of these nodes are in the store. */
  | { readonly type: 'changed'; readonly records: readonly NodeRecord[] }
  | { readonly type: 'list'; readonly reply: Reply<readonly NodeView[]> }
  | { readonly type: 'look' };

export interface RosterPorts {
  readonly serverName: string;
  readonly records: () => readonly NodeRecord[];
  readonly rolesOf: (node: NodeAddress) => readonly string[];
  readonly identityOf: (node: NodeAddress) => IdentityState | undefined;
  readonly transport: ActorRef<AnswerNode>;
  readonly orchestrator: ActorRef<NodesStand | NodeRegistered | NodeHeard>;
  readonly lookMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Heard {
  readonly at: number;
  readonly monotonic: number;
  readonly everyMs: number;
  readonly outbox: number | undefined;
  readonly configuration: number | undefined;
}

interface Entry {
  readonly record: NodeRecord;
  readonly heard: Heard | undefined;
  readonly link: NodeLink;
  /** The store has a word of the node itself, not only of streams of its. */
  readonly told: boolean;
  /** The machine that it registered as with this server: events may be late, and be of the one before. */
  readonly instance: string | undefined;
  /** When it registered, by its own clock, while no event has told of a phase entered since. */
  readonly since: number | undefined;
}

type State = Map<string, Entry>;

const missed = 3;
/** How soon the first heartbeat is due after a registration, which does not say. */
const assumedEveryMs = 10_000;

const isTold = ({ instanceId }: NodeRecord): boolean => instanceId !== '';

const standingOf = ({ instance, link, record: { cluster, instanceId, node, phase } }: Entry): NodeStanding => ({ cluster, node, phase, link, instanceId: instance ?? instanceId });

export const roster = (ports: RosterPorts): ActorDefinition<State, RosterMessage> => {
  const { clock, logger, random } = ports;
  type Context = ActorContext<RosterMessage>;

  const viewOf = ({ record: { terminations, ...record }, heard, link }: Entry): NodeView => {
    const holds = record.keepalive?.expiresAt === undefined || record.keepalive.expiresAt > clock.now();
    const keepalive = holds ? record.keepalive : undefined;
    const [wish] = keepalive === undefined ? terminations : [];
    return {
      ...record,
      roles: ports.rolesOf(record),
      identity: ports.identityOf(record),
      keepalive,
      termination: wish === undefined ? undefined : { ...wish, standing: 'would terminate' },
      configuration: heard?.configuration,
      link,
      lastSeenAt: heard?.at,
      outbox: heard?.outbox,
    };
  };

  const put = (state: State, entry: Entry, context: Context): void => {
    const { cluster, node } = entry.record;
    const before = state.get(nodeKey(entry.record));
    state.set(nodeKey(entry.record), entry);
    const [was, is] = [before && standingOf(before), standingOf(entry)];
    if (was?.link !== is.link || was.phase !== is.phase || was.instanceId !== is.instanceId) {
      context.tell(ports.orchestrator, { type: 'nodes', nodes: [is], all: false });
    }
    if (entry.link === 'silent' && before?.link === 'online') logger.warn(`${cluster}/${node} is silent`, { cluster, node });
    if (entry.link === 'online' && before?.link === 'silent') logger.info(`${cluster}/${node} is heard again`, { cluster, node });
  };

  /** What a registration says of its node, over what is known of it. */
  const registeredRecord = (before: NodeRecord | undefined, { from, body, sentAt }: FrameFrom<'register'>): NodeRecord => {
    const { hostname, instanceId, version } = body;
    const known = before ?? { ...from, conditions: [], keepalive: undefined, terminations: [], shutdown: undefined, properties: {}, converge: undefined };
    const same = before?.instanceId === instanceId ? before : undefined;
    const phase = body.phase ?? same?.phase ?? 'starting';
    const { detail, phaseAt } = same?.phase === phase ? same : { detail: undefined, phaseAt: sentAt };
    return { ...known, hostname, instanceId, version, phase, detail, phaseAt };
  };

  /** What events tell of a node, without a phase that it entered before its registration. */
  const changed = (before: Entry | undefined, record: NodeRecord): Entry => {
    const { heard, instance, link = 'unheard', since } = before ?? {};
    const told = isTold(record);
    if (before === undefined || since === undefined || record.phaseAt >= since) return { record, heard, instance, link, told, since: undefined };
    const { detail, phase, phaseAt } = record.phase === before.record.phase ? record : before.record;
    return { ...before, record: { ...record, detail, phase, phaseAt }, told };
  };

  const heardNow = (everyMs: number, outbox: number | undefined, configuration: number | undefined): Heard => ({
    at: clock.now(),
    monotonic: clock.monotonic(),
    everyMs,
    outbox,
    configuration,
  });

  const tellAll = (state: State, context: Context): void =>
    void context.tell(ports.orchestrator, { type: 'nodes', nodes: [...state.values()].map(standingOf), all: true });

  const head = (correlationId: string) =>
    ({ v: wireVersion, id: uuid7(clock.now(), random), sentAt: clock.now(), correlationId }) as const;

  const refuse = (frame: PresenceArrived['frame'], code: ErrorCode, message: string, context: Context): void => {
    const body = { code, message };
    context.tell(ports.transport, { type: 'answer', to: frame.from, frame: { ...head(frame.id), kind: 'refused', body } });
  };

  const register = (state: State, frame: FrameFrom<'register'>, context: Context): void => {
    const { min, max } = frame.body.wire;
    if (min > wireVersion || max < wireVersion) {
      const message = `it speaks wire versions ${min} to ${max}, this server ${wireVersion}: upgrade the older side`;
      logger.warn(`${frame.from.cluster}/${frame.from.node} cannot register: ${message}`);
      refuse(frame, 'version_unsupported', message, context);
      return;
    }
    const before = state.get(nodeKey(frame.from));
    const told = before?.told === true;
    const body = { server: ports.serverName, wire: wireVersion, ...(told ? {} : { tellAll: true }) };
    context.tell(ports.transport, { type: 'answer', to: frame.from, frame: { ...head(frame.id), kind: 'registered', body } });
    const { configuration } = frame.body;
    const record = registeredRecord(before?.record, frame);
    const saysNothing = frame.body.phase === undefined && before?.record.instanceId === record.instanceId;
    const since = saysNothing ? before.since : frame.sentAt;
    put(state, { record, heard: heardNow(assumedEveryMs, undefined, configuration), instance: record.instanceId, link: 'online', told, since }, context);
    context.tell(ports.orchestrator, { type: 'registered', node: frame.from, configuration });
  };

  const beat = (state: State, frame: FrameFrom<'heartbeat'>, context: Context): void => {
    const entry = state.get(nodeKey(frame.from));
    if (entry === undefined) {
      refuse(frame, 'not_registered', 'this server has no record of the node', context);
      return;
    }
    const { configuration, everyMs, outbox, phase } = frame.body;
    // Its events may be late, or this server may never have had them: a node knows best where it stands. But a heartbeat may be
    // late as well; one from before the phase was entered, both by the node's clock, knows nothing of it.
    const isNews = phase !== entry.record.phase && (entry.since !== undefined || frame.sentAt >= entry.record.phaseAt);
    const record = isNews ? { ...entry.record, phase, detail: undefined, phaseAt: frame.sentAt } : entry.record;
    // It was sent after the registration: when it seems to be older, the clock of its node was set back.
    const since = entry.since === undefined ? undefined : Math.min(entry.since, frame.sentAt);
    put(state, { ...entry, record, heard: heardNow(everyMs, outbox, configuration), link: 'online', since }, context);
    context.tell(ports.orchestrator, { type: 'heard', node: frame.from, configuration });
  };

  const look = (state: State, context: Context): void => {
    const now = clock.monotonic();
    for (const entry of state.values()) {
      if (entry.link !== 'online' || entry.heard === undefined) continue;
      if (now - entry.heard.monotonic > missed * entry.heard.everyMs) put(state, { ...entry, link: 'silent' }, context);
    }
  };

  return {
    name: 'roster',
    start(context) {
      context.later(ports.lookMs, { type: 'look' });
      const state: State = new Map(ports.records().map((record) => [nodeKey(record), changed(undefined, record)]));
      tellAll(state, context);
      return state;
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'presence':
          if (message.frame.kind === 'register') register(state, message.frame, context);
          else beat(state, message.frame, context);
          return state;
        case 'changed':
          for (const record of message.records) put(state, changed(state.get(nodeKey(record)), record), context);
          return state;
        case 'nodes?':
          tellAll(state, context);
          return state;
        case 'list':
          message.reply([...state.values()].map(viewOf));
          return state;
        case 'look':
          look(state, context);
          context.later(ports.lookMs, { type: 'look' });
          return state;
        default:
          return assertNever(message);
      }
    },
  };
};
