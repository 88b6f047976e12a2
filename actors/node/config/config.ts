// Keeps the node's configuration: takes it from the server, remembers it, and sees to it that node.json holds it.
//
//   gathering  the first facts of the system are awaited: what comes is kept, but not told yet.
//   keeping    node.json holds the configuration and the facts, as far as it can be written.
//
// The first facts lead from gathering to keeping, however few they are. A configuration goes three steps, in the order of
// arrival: it is durable in the node's state, then it stands in node.json, and only then observers hear of it and who set it is
// answered; so a script that an observer starts reads what the observer was told. What could not be kept is gone, and the
// server sends it again; what could not be written is written later, and told then. node.json is looked at when it
// changes, every minute besides, and again soon after it could not be written; each time, and at the start already, the file of
// what `props` set is too. An older configuration never replaces a newer one. It never trusts either file: what they hold comes
// from the server, the machine, the seed and the node's state.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Configuration, Tree } from '../../../protocol/configuration.ts';
import { assertNever, fail, ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { keptKey, readKept } from './kept.ts';
import { readProperties } from './properties.ts';
import { PropertyDesk } from './property-desk.ts';
import type { ConfigFile } from './ports.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { specReferences } from './spec-references.ts';
import { settling } from '../settling-state.ts';
import type { NodeState } from '../state.ts';
import type { Arrival, ConfigMessage, ConfigurationKnown } from './messages.ts';

export interface ConfigPorts {
  readonly state: NodeState;
  readonly file: ConfigFile;
  /** Never rejects but on a crash; ends early when the signal says so. */
  readonly gatherFacts: (signal: AbortSignal) => Promise<Tree>;
  readonly observers: ReadonlyArray<ActorRef<ConfigurationKnown>>;
  readonly messaging: ActorRef<DrainPending>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Due when node.json holds what is kept. */
type Due = { readonly type: 'tell'; readonly observers: ReadonlyArray<ActorRef<ConfigurationKnown>> } | { readonly type: 'answer'; readonly reply: Reply<Result<Tree>> };

interface State {
  readonly kept: Configuration | undefined;
  /** Whether the server has sent one since this actor began. */
  readonly source: ConfigurationKnown['source'];
  readonly facts: Tree | undefined;
  /** The first of them is being kept. */
  readonly arrivals: readonly Arrival[];
  readonly due: readonly Due[];
  /** The next look at node.json, by the monotonic clock. */
  readonly lookAt: number;
  readonly cancelLook: () => void;
  /** Until then a change of node.json does not hurry: somebody else writes it, and may do so again and again. */
  readonly calmUntil: number;
  readonly writtenAt: number | undefined;
  readonly problem: Failure | undefined;
  readonly stop: AbortController;
  readonly unwatch: () => void;
  readonly watchers: ReadonlyMap<string, () => void>;
  readonly properties: PropertyDesk;
  /** Why their file does not hold them. */
  readonly propertiesProblem: string | undefined;
}

const gatherEveryMs = 300_000;
const lookEveryMs = 60_000;
/** Whoever changes the file may not be done with it. */
const settleMs = 250;
const calmMs = 10_000;
const againMs = 10_000;

/** What an incarnation begins with. */
const unknown: Omit<State, 'kept' | 'due' | 'stop' | 'unwatch' | 'properties'> = {
  watchers: new Map(), source: 'kept', facts: undefined, arrivals: [], lookAt: 0, cancelLook: () => undefined, calmUntil: 0, writtenAt: undefined, problem: undefined, propertiesProblem: undefined,
};

export const config = (ports: ConfigPorts): ActorDefinition<State, ConfigMessage> => {
  const { clock, file, logger, messaging, observers, random } = ports;
  const memory = settling(ports.state);
  type Context = ActorContext<ConfigMessage>;

  const gather = ({ stop }: State, once: boolean, context: Context): void =>
    context.pipeToSelf(
      ports.gatherFacts(stop.signal),
      (facts) => ({ type: 'facts', facts, once }),
      (error) => {
        logger.warn(`no facts of the system: ${String(error)}`);
        return { type: 'facts', facts: {}, once };
      },
    );

  /** A line in the cluster's event log, kept until messaging has it. */
  const report = (level: 'warn' | 'error', message: string, context: Context): void => {
    const event = { kind: 'log', id: uuid7(clock.now(), random), at: clock.now(), level, priority: 'medium', message } as const;
    context.pipeToSelf(
      memory.change([], [{ event, trace: context.trace }]),
      (result) => ({ type: 'reported', result }),
      (error) => ({ type: 'reported', result: fail('internal', String(error)) }),
    );
  };

  const lookIn = (state: State, ms: number, context: Context): State => {
    state.cancelLook();
    return { ...state, lookAt: clock.monotonic() + ms, cancelLook: context.later(ms, { type: 'look' }) };
  };

  const tell = (state: State, to: ReadonlyArray<ActorRef<ConfigurationKnown>>, tree: Tree, context: Context): void => {
    if (state.kept === undefined) return;
    const references = specReferences(tree);
    const known: ConfigurationKnown = { type: 'configured', revision: state.kept.revision, source: state.source, ...references, tree };
    for (const observer of to) context.tell(observer, known);
    if (references.flaw === undefined) return;
    logger.error(`the configuration of revision ${known.revision} has a flaw: ${references.flaw}`, { code: 'project_unusable' });
    report('error', references.flaw, context);
  };

  const couldNot = (state: State, problem: Failure, context: Context): State => {
    // Once for each reason; the view has it all the time.
    if (problem.message !== state.problem?.message) logger.warn(`node.json does not hold the configuration: ${problem.message}`, { code: problem.code });
    for (const due of state.due) if (due.type === 'answer') due.reply({ ok: false, error: problem });
    return lookIn({ ...state, problem, due: state.due.filter(({ type }) => type === 'tell') }, againMs, context);
  };

  /** Sees to it that the file of what `props` set holds it: the daemon may have ended in between, or the disk be a copy of another machine's. */
  const lookAtProperties = (state: State): State => {
    const written = file.writeProperties(readProperties(ports.state));
    const problem = written.ok ? undefined : written.error;
    if (problem !== undefined && problem.message !== state.propertiesProblem) logger.warn(`what props set is not in its file: ${problem.message}`, { code: problem.code });
    return { ...state, propertiesProblem: problem?.message };
  };

  /** Sees to the files, and settles what was due when node.json holds what is kept. */
  const look = (before: State, context: Context): State => {
    if (before.facts === undefined) return before;
    const state = lookAtProperties(before);
    const { notices, outcome } = file.keep({ configuration: state.kept?.tree ?? {}, facts: before.facts });
    for (const { report: toReport, text } of notices) {
      logger.warn(text);
      if (toReport) report('warn', text, context);
    }
    const calmUntil = notices.length === 0 ? state.calmUntil : clock.monotonic() + calmMs;
    if (!outcome.ok) return couldNot({ ...state, calmUntil }, outcome.error, context);
    if (state.problem !== undefined) logger.info('node.json holds the configuration again');
    const { tree, wrote } = outcome.value;
    for (const due of state.due) {
      if (due.type === 'answer') due.reply(ok(tree));
      else tell(state, due.observers, tree, context);
    }
    const writtenAt = wrote ? clock.now() : state.writtenAt;
    if (wrote) for (const changed of state.watchers.values()) changed();
    return lookIn({ ...state, calmUntil, due: [], problem: undefined, writtenAt }, lookEveryMs, context);
  };

  const settled = (state: State, { reply }: Arrival): State => ({
    ...state,
    source: 'server',
    // Whoever was to hear of the one before hears of this one.
    due: [...state.due.filter(({ type }) => type === 'answer'), { type: 'tell', observers }, ...(reply === undefined ? [] : [{ type: 'answer', reply } as const])],
  });

  /** Keeps the next configuration that is newer than the one there is; those before it that are not are settled. */
  const keepNext = (state: State, context: Context): State => {
    const [arrival] = state.arrivals;
    if (arrival === undefined) return look(state, context);
    const { revision, tree } = arrival.configuration;
    const keptRevision = state.kept?.revision ?? 0;
    if (revision < keptRevision) logger.info(`a configuration of revision ${revision} came after that of revision ${keptRevision}: it is passed over`);
    const same = revision === keptRevision && JSON.stringify(tree) === JSON.stringify(state.kept?.tree);
    if (revision < keptRevision || same) return keepNext(settled({ ...state, arrivals: state.arrivals.slice(1) }, arrival), context);
    context.pipeToSelf(
      memory.change([{ key: keptKey, value: { revision, tree } }]),
      (result) => ({ type: 'kept', arrival, result }),
      (error) => ({ type: 'kept', arrival, result: fail('internal', String(error)) }),
    );
    return state;
  };

  const arrive = (state: State, arrival: Arrival, context: Context): State => {
    const next = { ...state, arrivals: [...state.arrivals, arrival] };
    return state.arrivals.length === 0 ? keepNext(next, context) : next;
  };

  const kept = (state: State, arrival: Arrival, result: Result<void>, context: Context): State => {
    const next = { ...state, arrivals: state.arrivals.slice(1) };
    if (result.ok) return keepNext(settled({ ...next, kept: arrival.configuration }, arrival), context);
    logger.warn(`the configuration of revision ${arrival.configuration.revision} could not be kept: ${result.error.message}`, { code: result.error.code });
    arrival.reply?.(result);
    return keepNext(next, context);
  };

  return {
    name: 'config',
    start(context) {
      const kept = readKept(ports);
      const state: State = {
        ...unknown,
        kept,
        properties: new PropertyDesk({ ...ports, state: memory }),
        due: kept === undefined ? [] : [{ type: 'tell', observers }],
        stop: new AbortController(),
        unwatch: file.watch(() => context.tell(context.self, { type: 'changed' })),
      };
      gather(state, false, context);
      return lookAtProperties(state);
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'answer':
          return arrive(state, { configuration: message.frame.body }, context);
        case 'configuration':
          return arrive(state, { configuration: message.configuration, reply: message.reply }, context);
        case 'configuration?':
          return state.kept === undefined ? state : look({ ...state, due: [...state.due, { type: 'tell', observers: [message.observer] }] }, context);
        case 'config?': {
          const { kept, problem, writtenAt } = state;
          message.reply({ ...(kept && { revision: kept.revision }), ...(writtenAt !== undefined && { writtenAt }), ...(problem && { problem }) });
          return state;
        }
        case 'property':
          state.properties.set(message, context);
          return state;
        case 'tellStanding':
          state.properties.tellStanding(context);
          return state;
        case 'propertyKept':
        case 'propertiesTold':
          state.properties.done(message, context);
          return state;
        case 'explain':
          message.reply(file.explain(message.key, { configuration: state.kept?.tree ?? {}, facts: state.facts ?? {} }));
          return state;
        case 'watch':
          // Whatever was written before it listened.
          message.changed();
          return { ...state, watchers: new Map([...state.watchers, [message.id, message.changed]]) };
        case 'unwatch':
          return { ...state, watchers: new Map([...state.watchers].filter(([id]) => id !== message.id)) };
        case 'kept':
          return kept(state, message.arrival, message.result, context);
        case 'gather':
          gather(state, message.once, context);
          return state;
        case 'facts':
          // Told to stop, it may have been cut short.
          if (state.stop.signal.aborted) return state;
          if (!message.once) context.later(gatherEveryMs, { type: 'gather', once: false });
          // One that could not be had this time stays as it was.
          return look({ ...state, facts: { ...state.facts, ...message.facts } }, context);
        case 'changed': {
          const wait = Math.max(settleMs, state.calmUntil - clock.monotonic());
          return state.facts === undefined || state.lookAt <= clock.monotonic() + wait ? state : lookIn(state, wait, context);
        }
        case 'look':
          return look(state, context);
        case 'reported':
          if (message.result.ok) context.tell(messaging, { type: 'pending' });
          else logger.warn(`a report could not be kept: ${message.result.error.message}`, { code: message.result.error.code });
          return state;
        default:
          return assertNever(message);
      }
    },
    drain: async (state) => state.stop.abort(),
    release: async (state) => {
      state.stop.abort();
      state.unwatch();
      await state.properties.idle();
      await memory.settled();
    },
  };
};
