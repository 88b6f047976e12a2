// cycle-server without its process: opens what a server needs, begins its actors, and ends them in order. `main.ts` runs it as
// a program; the cluster in a box and tests run it beside nodes in one process.
//
// States: opening -> running -> stopping (asked, or its root supervisor gave up) -> ended. What it opened it closes, in the
// reverse order, whichever way it ends: also when a later part cannot be opened, or one cannot be closed.
import path from 'node:path';
import type { Interceptor } from '../actors/interceptor.ts';
import { createActorSystem } from '../actors/runtime.ts';
import type { BrokerAdmin } from '../actors/server/enrolment-ports.ts';
import type { Store } from '../actors/server/ports.ts';
import type { ActorSnapshot, ActorSystem } from '../actors/system.ts';
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import type { Random } from '../effects/random.ts';
import type { Credentials } from '../protocol/enrolment.ts';
import type { NodeAddress } from '../protocol/identity.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import { closeAll } from '../supervisors/closing.ts';
import { escalation } from '../supervisors/escalation.ts';
import { countEvent } from '../supervisors/events.ts';
import { serverRefs, serverTree } from '../supervisors/server-tree.ts';
import { startSupervisor } from '../supervisors/supervisor.ts';
import { LogFile } from '../telemetry/log-file.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Transport } from '../transport/port.ts';
import { namesFor, nodeUser, serverTopology, type Topology } from '../transport/topology.ts';
import { eventLogOver } from './event-log.ts';
import { listenApi, type ListenAddress } from './http/listen.ts';
import { openState } from './open-state.ts';
import { speakers } from './speakers.ts';

export interface ServerSettings {
  readonly home: string;
  readonly name: string;
  readonly prefix: string;
  readonly listen: ListenAddress;
}

/** Who may take part. */
export interface ServerIdentities {
  /** Whether a node must be who its user on the broker says. */
  readonly required: boolean;
  /** Undefined: this server makes no identities. */
  readonly admin: BrokerAdmin | undefined;
  /** What a node that enrolls is told of the broker. */
  readonly brokerForNodes: Pick<Credentials, 'urls' | 'ca'>;
}

const noIdentities: ServerIdentities = { required: false, admin: undefined, brokerForNodes: { urls: [] } };

/** What the server takes from its surroundings. */
export interface ServerSurroundings {
  readonly openTransport: (topology: Topology, system: ActorSystem) => Transport;
  /** Absent: none are made and none are asked for. */
  readonly identities?: ServerIdentities;
  /** Wraps the store once it is open, for tests that watch or stop it at a chosen moment. */
  readonly overStore?: (store: Store) => Store;
  readonly interceptors?: readonly Interceptor[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface RunningServer {
  /** The API's base URL, when it listens. */
  readonly listening: Promise<string>;
  readonly escalated: Promise<Failure>;
  inspect(): readonly ActorSnapshot[];
  stop(): Promise<void>;
}

/** How often the roster looks for nodes that fell silent. */
const lookMs = 1_000;

export const startServer = (settings: ServerSettings, around: ServerSurroundings): Result<RunningServer> => {
  const { clock, identities = noIdentities, logger, metrics, random } = around;
  const opened = openState(settings.home, around);
  if (!opened.ok) return opened;
  const { configurations, release, store, templates } = opened.value;

  const logFile = new LogFile({ path: path.join(settings.home, 'cycle_server.log'), clock, onProblem: (reason) => logger.warn(reason) });
  const eventLog = eventLogOver(logFile, store.events({ limit: 1 }).at(-1)?.position ?? 0);
  const names = namesFor(settings.prefix);
  const userOf = (node: NodeAddress): string => nodeUser(settings.prefix, node);
  const timing = metrics.timeMessages === undefined ? [] : [metrics.timeMessages];
  const system = createActorSystem({ name: 'cycle-server', clock, random, logger, interceptors: [...timing, ...(around.interceptors ?? [])] });
  const refs = serverRefs(system);
  const listening = Promise.withResolvers<string>();
  const escalated = Promise.withResolvers<Failure>();
  let transport: Transport | undefined;
  let product: string | undefined;

  const tree = serverTree(refs, {
    roster: {
      serverName: settings.name,
      records: () => store.nodes(),
      rolesOf: (node) => configurations.rolesOf(node),
      identityOf: (node) => store.identity(node)?.state,
      lookMs,
      clock,
      random,
      logger: logger.child({ actor: 'roster' }),
    },
    orchestrator: {
      store,
      templates: new Map([...templates].map(([cluster, template]) => [cluster, JSON.stringify(template)])),
      configurations,
      clock,
      random,
      logger: logger.child({ actor: 'orchestrator' }),
    },
    events: {
      store,
      eventLog,
      reportsQueue: names.events,
      metrics,
      clock,
      random,
      logger: logger.child({ actor: 'events' }),
    },
    transport: {
      open: () => {
        transport = around.openTransport(serverTopology(settings.prefix), system);
        transport.onStatus((status) => (product = status.type === 'connected' ? status.product : product));
        return transport;
      },
      queues: { reports: names.events, presence: names.presence },
      commandsExchange: names.commands,
      identities: !identities.required ? undefined : { userOf, isRevoked: (node) => (store.identity(node)?.state ?? 'active') !== 'active' },
      metrics,
      clock,
      logger: logger.child({ actor: 'transport' }),
    },
    enrolment: {
      store,
      admin: identities.admin,
      userOf,
      broker: { prefix: settings.prefix, ...identities.brokerForNodes },
      clock,
      random,
      logger: logger.child({ actor: 'enrolment' }),
    },
    api: {
      open: (questions) =>
        listenApi(
          settings.listen,
          {
            ...questions,
            speaker: speakers({ store, makesIdentities: identities.admin !== undefined, metrics }),
            commands: (limit) => store.commands(limit),
            commandOf: (id) => store.command(id),
            tokens: (page) => store.tokens(page),
            identities: (page) => store.identities(page),
            events: (query) => store.events(query),
            health: () => ({ broker: transport?.state ?? 'closed', product, events: store.count() }),
          },
          (error) => logger.error('a request to the API failed', { err: error }),
        ),
      onListening: (url) => listening.resolve(url),
      logger: logger.child({ actor: 'api' }),
    },
  });
  const unobserve = metrics.observe({
    mailboxes: () => system.inspect(),
    transport: () => ({ state: transport?.state ?? 'closed', inFlight: transport?.inFlight ?? 0 }),
  });
  const root = startSupervisor(system, tree, {
    onEvent: countEvent(metrics),
    onEscalate: (error) => escalated.resolve(escalation(error)),
  });

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await root.drain();
    system.stop();
    unobserve();
    const closings = [
      { what: 'the event log', close: () => logFile.close() },
      { what: 'the store', close: () => store.close() },
      { what: 'the home', close: release },
    ];
    await closeAll(closings, logger);
  };
  return ok({
    listening: listening.promise,
    escalated: escalated.promise,
    inspect: () => system.inspect(),
    stop: () => (stopped ??= stop()),
  });
};
