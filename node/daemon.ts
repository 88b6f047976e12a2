// jetpackd without its process: opens what a node needs, begins its actors, and ends them in order. `main.ts` runs it as a
// program; the cluster in a box and tests run several in one process.
//
// States: opening -> running -> stopping (asked, or its root supervisor gave up) -> ended. What it opened it closes, in the
// reverse order, whichever way it ends: also when a later part cannot be opened, or one cannot be closed.
import { compatibleVersion } from '../commands/compatible-version.ts';
import type { BootClock } from '../effects/boot-clock.ts';
import { pause, type Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { uuid7, type Random } from '../effects/random.ts';
import { createActorSystem } from '../actors/runtime.ts';
import type { Interceptor } from '../actors/interceptor.ts';
import type { ActorSnapshot, ActorSystem } from '../actors/system.ts';
import type { Outbox } from '../actors/node/messaging/ports.ts';
import { brokerTrouble } from '../actors/node/sync/broker-away.ts';
import type { NodeFacts } from '../actors/node/sync/presence.ts';
import type { Tree } from '../protocol/configuration.ts';
import type { NodeAddress } from '../protocol/identity.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import type { Reply } from '../actors/ref.ts';
import { closeAll } from '../supervisors/closing.ts';
import { escalation } from '../supervisors/escalation.ts';
import { countEvent } from '../supervisors/events.ts';
import { nodeRefs, nodeTree } from '../supervisors/node-tree.ts';
import { startSupervisor } from '../supervisors/supervisor.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { namesFor, nodeQueue, nodeTopology, type Topology } from '../transport/topology.ts';
import type { Transport } from '../transport/port.ts';
import { claimSocketPaths } from './home/socket-paths.ts';
import { beginAs, ownNames, refuseForeignIdentity } from './home/instance-record.ts';
import { lockHome } from './home/lock.ts';
import { homePaths } from './home/paths.ts';
import { HostName } from './host-name.ts';
import { listenMessages } from './http/listen.ts';
import { prepareHome } from './home/prepare.ts';
import { openConvergeLog } from './converge-log.ts';
import { machineOf, type ProcessEnvironment } from './machine.ts';
import type { Finder } from './metadata/find.ts';
import { keepMetadata } from './metadata/keep.ts';
import type { MachineIdentity } from './metadata/machine-identity.ts';
import type { Instance } from './metadata/resolve.ts';
import { openOutbox, type OpenedOutbox } from './outbox/outbox.ts';
import { listenLocal } from './sockets/listen.ts';
import { drainSpool } from './spool/drain.ts';
import { openState } from './state/state.ts';
import type { NodeTimes } from './times.ts';

export interface NodeSettings {
  readonly home: string;
  readonly address: NodeAddress;
  /** As they were found at the start. */
  readonly facts: NodeFacts;
  /** What the machine is called when it is asked again; absent: what it was called at the start. */
  readonly hostname?: () => string;
  /** How `facts.instanceId` was found; absent: it was given. */
  readonly instance?: Instance;
  /** Where the machine's cloud is asked; absent: it is not. */
  readonly cloud?: { readonly finder: Finder; readonly machine: MachineIdentity };
  /** What programs on the node show to the HTTP API of its server (node/http/access.ts). */
  readonly access?: Tree | undefined;
  /** connection.json, when the node's identity is from there. */
  readonly identityFile?: string | undefined;
  readonly prefix: string;
  /** The folder of the `jetpack` command: scripts find it first on their PATH. */
  readonly binFolder: string;
  readonly times: NodeTimes;
}

/** What the daemon takes from its surroundings. */
export interface NodeSurroundings {
  readonly openTransport: (topology: Topology, system: ActorSystem) => Transport;
  /** Wraps the outbox once it is open, for tests that watch or stop it at a chosen moment. */
  readonly overOutbox?: (outbox: Outbox) => Outbox;
  readonly interceptors?: readonly Interceptor[];
  /** The process's environment, of which scripts see a part. */
  readonly env: ProcessEnvironment;
  readonly bootClock: BootClock;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface RunningNode {
  /** Resolves when it takes requests on its sockets. */
  readonly serving: Promise<void>;
  readonly escalated: Promise<Failure>;
  inspect(): readonly ActorSnapshot[];
  stop(): Promise<void>;
}

/** How long a stop waits for its last report to be durable. */
const reportMs = 500;
/** How long a stop waits for what was accepted to reach the server; the rest is sent at the next start. */
const flushMs = 1_000;
/** For the goodbye to a broker that did not answer. */
const farewellMs = 1_200;

const open = (settings: NodeSettings, around: NodeSurroundings) => {
  const paths = homePaths(settings.home);
  const prepared = prepareHome(paths);
  if (!prepared.ok) return prepared;
  const lock = lockHome(paths);
  if (!lock.ok) return lock;
  const close = <T>(failure: T): T => {
    lock.value.release();
    return failure;
  };
  const serving = { id: settings.facts.instanceId, knownAs: settings.instance?.knownAs ?? [], machine: settings.cloud?.machine, identityFile: settings.identityFile };
  const identity = refuseForeignIdentity(paths.run, serving, around.clock.now());
  if (!identity.ok) return close(identity);
  const sockets = claimSocketPaths(paths);
  if (!sockets.ok) return close(sockets);
  const knownAs = ownNames(paths.run, serving);
  const owner = { ...settings.address, instanceId: serving.id, knownAs };
  const opened: Result<OpenedOutbox> = openOutbox(paths.outbox, owner, around);
  if (!opened.ok) return close(opened);
  const { outbox } = opened.value;
  const state = openState(paths.state, owner, around.clock);
  if (!state.ok) {
    void outbox.close();
    return close(state);
  }
  for (const [what, setAside] of [['outbox', opened.value.setAside], ['state', state.value.setAside]] as const) {
    if (setAside !== undefined) around.logger.warn(`the ${what} was set aside as ${setAside.path}: ${setAside.reason}`, { path: setAside.path });
  }
  const at = around.clock.now();
  const began = beginAs(paths, serving, { at, begunAt: at - around.bootClock.sinceBegun() });
  if (!began.ok) {
    void outbox.close();
    void state.value.state.close();
    return close(began);
  }
  for (const aside of began.value.aside) around.logger.warn(`what another instance left was set aside as ${aside}`, { path: aside });
  return ok({ paths, sockets: sockets.value, lock: lock.value, outbox: around.overOutbox?.(outbox) ?? outbox, state: state.value.state, knownAs, before: began.value.before });
};

export const startNode = (settings: NodeSettings, around: NodeSurroundings): Result<RunningNode> => {
  const { clock, logger, metrics, random } = around;
  const opened = open(settings, around);
  if (!opened.ok) return opened;
  const { before, knownAs, lock, outbox, paths, sockets, state } = opened.value;
  const { address, cloud, facts, prefix, times } = settings;
  const instance = settings.instance && { ...settings.instance, knownAs };
  const { bootClock, env } = around;
  const metadata = cloud === undefined || instance === undefined ? undefined : keepMetadata({ ...cloud, instance, run: paths.run, clock, random, logger: logger.child({ part: 'metadata' }) });
  const speaker = { ...address, instances: [facts.instanceId, ...knownAs] };
  const host = new HostName(facts.hostname, settings.hostname ?? (() => facts.hostname));
  const machine = machineOf({ settings: { ...settings, ...(instance && { instance }) }, host, paths, env, bootClock, clock, logger, metadata });
  const convergeLog = openConvergeLog(paths, logger, clock);
  const names = namesFor(prefix);
  const timing = metrics.timeMessages === undefined ? [] : [metrics.timeMessages];
  const system = createActorSystem({ name: address.node, clock, random, logger, interceptors: [...timing, ...(around.interceptors ?? [])] });
  const refs = nodeRefs(system);
  const serving = Promise.withResolvers<void>();
  const escalated = Promise.withResolvers<Failure>();
  let transport: Transport | undefined;
  let product: string | undefined;
  let trouble: Failure | undefined;

  const tree = nodeTree(refs, {
    transport: {
      open: () => {
        transport = around.openTransport(nodeTopology(prefix, address), system);
        transport.onStatus((status) => {
          product = status.type === 'connected' ? status.product : product;
          trouble = brokerTrouble(trouble, status);
        });
        return transport;
      },
      commandQueue: nodeQueue(prefix, address),
      metrics,
      clock,
      logger: logger.child({ actor: 'transport' }),
    },
    messaging: {
      outbox,
      state,
      destination: { address, reportsExchange: names.reports, userExchange: names.user },
      clock,
      random,
      logger: logger.child({ actor: 'messaging' }),
    },
    config: { ...machine.config, state, clock, random, logger: logger.child({ actor: 'config' }) },
    keepalive: { ...machine.keepalive, state, clock, random, logger: logger.child({ actor: 'keepalive' }) },
    healthcheck: { ...machine.healthcheck, state, clock, random, logger: logger.child({ actor: 'healthcheck' }) },
    converge: { ...machine.converge, state, clock, random, logger: convergeLog.logger.child({ actor: 'converge' }) },
    lifecycle: { ...machine.lifecycle, state, clock, random, logger: logger.child({ actor: 'lifecycle' }) },
    sync: {
      state,
      address,
      facts: {
        ...facts,
        get hostname(): string {
          return host.current;
        },
      },
      reportsExchange: names.reports,
      outboxRows: () => outbox.depth().rows,
      brokerTrouble: () => trouble,
      times,
      bootClock,
      clock,
      random,
      logger: logger.child({ actor: 'sync' }),
    },
    status: {
      identity: { ...address, version: facts.version, answersAs: compatibleVersion(facts.version) },
      broker: () => transport?.state ?? 'closed',
      product: () => product,
      outbox: () => outbox.depth(),
    },
    gateway: {
      openSockets: (handle) => listenLocal({ paths: sockets, home: paths.home, handle, clock, logger: logger.child({ actor: 'gateway' }) }),
      openHttp: (port, handle) => listenMessages(port, { speaker, handle, clock, logger: logger.child({ actor: 'gateway' }) }),
      drainSpool: (submit) => drainSpool({ paths, submit, clock, logger: logger.child({ actor: 'gateway' }) }),
      inspect: () => system.inspect(),
      host,
      clock,
      logger: logger.child({ actor: 'gateway' }),
      onOpen: () => serving.resolve(),
    },
  });
  const unobserve = metrics.observe({
    mailboxes: () => system.inspect(),
    transport: () => ({ state: transport?.state ?? 'closed', inFlight: transport?.inFlight ?? 0 }),
    outbox: () => outbox.depth(),
  });
  const root = startSupervisor(system, tree, {
    onEvent: countEvent(metrics),
    onEscalate: (error) => escalated.resolve(escalation(error)),
  });
  void metadata?.replaced.then(escalated.resolve);
  const tellFreshStart = async (from: string): Promise<void> => {
    const message = `the home is that of instance ${from}, and this is instance ${facts.instanceId}: it begins with fresh state`;
    logger.warn(message);
    const at = clock.now();
    const kept = await state.change([], [{ event: { kind: 'log', id: uuid7(at, random), at, level: 'warn', priority: 'medium', message }, trace: undefined }]);
    if (kept.ok) system.tell(refs.messaging, { type: 'pending' });
  };
  const announce = async (): Promise<void> => {
    const taken = await system.ask(refs.sync, (reply: Reply<void>) => ({ type: 'started', reply }) as const, { timeoutMs: reportMs });
    if (!taken.ok && stopped === undefined) await announce();
  };

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await system.ask(refs.sync, (reply: Reply<void>) => ({ type: 'stopping', reply }) as const, { timeoutMs: reportMs });
    const flushed = await system.ask(refs.messaging, (reply: Reply<void>) => ({ type: 'flush', reply }) as const, { timeoutMs: flushMs });
    // A broker that has not answered by now is not waited for: what was under way is in the outbox.
    if (!flushed.ok && transport?.state === 'connected') await Promise.race([transport.close(), pause(clock, farewellMs)]);
    await root.drain();
    system.stop();
    unobserve();
    const closings = [
      ...(metadata === undefined ? [] : [{ what: 'the metadata', close: () => metadata.close() }]),
      { what: 'the log of converges', close: () => convergeLog.close() },
      { what: 'the state', close: () => state.close() },
      { what: 'the outbox', close: () => outbox.close() },
      { what: 'the home', close: () => lock.release() },
    ];
    await closeAll(closings, logger);
  };
  void announce();
  if (before !== undefined) void tellFreshStart(before);
  return ok({
    serving: serving.promise,
    escalated: escalated.promise,
    inspect: () => system.inspect(),
    stop: () => (stopped ??= stop()),
  });
};
