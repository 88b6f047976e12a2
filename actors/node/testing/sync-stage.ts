// Sync alone in a world of its own: what it is told, what it sends, reports and asks of others.
import { ManualBootClock } from '../../../effects/manual-boot-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import { decodeFrame } from '../../../protocol/codec.ts';
import type { Frame } from '../../../protocol/frames.ts';
import type { Failure } from '../../../protocol/result.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
import type { ActorRef } from '../../ref.ts';
import type { ActorSystem, Incarnation } from '../../system.ts';
import { address, bodies, frame } from '../../testing/frames.ts';
import { probe, type Probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { settle, type World } from '../../testing/world.ts';
import type { SetConfiguration } from '../config/messages.ts';
import type { ConvergeMessage } from '../converge/messages.ts';
import type { HealthcheckMessage } from '../health/healthcheck.ts';
import type { TellStanding } from '../keepalive/keepalive.ts';
import type { LifecycleMessage } from '../lifecycle/lifecycle.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { sync, type SyncMessage, type SyncPorts } from '../sync/sync.ts';
import type { NodeTransportMessage } from '../transport.ts';
import { MemoryState } from './memory-state.ts';

export const facts = { instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', pid: 7 };
export const heartbeatMs = 10_000;
export const registerAgainMs = 1_000;

export interface SyncStage {
  readonly bootClock: ManualBootClock;
  /** How it stands, and what becomes of a publish: `late` while nobody knows. */
  readonly broker: { trouble: Failure | undefined; outcome: PublishOutcome['outcome'] | 'late' };
  readonly clock: World['clock'];
  readonly config: Probe<SetConfiguration | TellStanding>;
  readonly converge: Probe<ConvergeMessage>;
  readonly healthcheck: Probe<HealthcheckMessage>;
  readonly incarnation: Incarnation;
  readonly keepalive: Probe<TellStanding>;
  readonly lifecycle: Probe<LifecycleMessage>;
  readonly log: RecordedLog;
  readonly messaging: Probe<DrainPending>;
  readonly ports: SyncPorts;
  readonly state: MemoryState;
  readonly ref: ActorRef<SyncMessage>;
  readonly system: ActorSystem;
  readonly transport: Probe<NodeTransportMessage>;
  readonly watching: ReturnType<typeof supervise>;
  readonly tell: (message: SyncMessage) => Promise<void>;
  readonly link: (up: boolean) => Promise<void>;
  readonly registered: () => Promise<void>;
  readonly refused: (code: string) => Promise<void>;
  readonly pass: (ms: number) => Promise<void>;
  /** The frames published since the last look. */
  readonly sent: () => readonly Frame[];
  /** What was reported, in order. */
  readonly reported: () => readonly string[];
}

export const beginSync = async (world: World, state = new MemoryState()): Promise<SyncStage> => {
  const { clock, system } = world;
  const bootClock = new ManualBootClock(clock);
  const log = recordLog();
  const broker: SyncStage['broker'] = { trouble: undefined, outcome: 'confirmed' };
  const transport = probe<NodeTransportMessage>(system, 'transport', (message) => {
    if (message.type === 'publish' && broker.outcome !== 'late') message.reply({ outcome: broker.outcome });
  });
  const messaging = probe<DrainPending>(system, 'messaging');
  const config = probe<SetConfiguration | TellStanding>(system, 'config');
  const healthcheck = probe<HealthcheckMessage>(system, 'healthcheck');
  const keepalive = probe<TellStanding>(system, 'keepalive');
  const lifecycle = probe<LifecycleMessage>(system, 'lifecycle');
  const converge = probe<ConvergeMessage>(system, 'converge');
  const ports = {
    address,
    facts,
    reportsExchange: 'reports',
    transport: transport.ref,
    messaging: messaging.ref,
    config: config.ref,
    healthcheck: healthcheck.ref,
    keepalive: keepalive.ref,
    lifecycle: lifecycle.ref,
    converge: converge.ref,
    state,
    outboxRows: () => 3,
    brokerTrouble: () => broker.trouble,
    times: { heartbeatMs, registerAgainMs },
    bootClock,
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const watching = supervise('end');
  const incarnation = system.spawn('sync', sync(ports), watching);
  const ref: ActorRef<SyncMessage> = system.ref('sync');
  await settle();
  let taken = 0;
  const tell = async (message: SyncMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  return {
    bootClock,
    broker,
    clock,
    config,
    converge,
    healthcheck,
    incarnation,
    keepalive,
    lifecycle,
    log,
    messaging,
    ports,
    state,
    ref,
    system,
    transport,
    watching,
    tell,
    link: (up: boolean) => tell({ type: 'connection', up }),
    registered: () => tell({ type: 'answer', frame: frame('registered', bodies.registered) }),
    refused: (code: string) => tell({ type: 'answer', frame: frame('refused', { code, message: 'why' }) }),
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    sent: (): readonly Frame[] => {
      const all = transport.received.flatMap((message) => (message.type === 'publish' ? [message.message] : []));
      return all.slice(taken, (taken = all.length)).map(({ body }) => {
        const decoded = decodeFrame(body);
        if (!decoded.ok) throw new Error(decoded.error.message);
        return decoded.value;
      });
    },
    reported: () => state.reports.flatMap(({ event }) => (event.kind === 'command' ? [] : [event.kind === 'phase' ? event.phase : event.kind])),
  };
};

/** Registered, with its first heartbeat taken from what it sent. */
export const beginRegisteredSync = async (world: World, state?: MemoryState): Promise<SyncStage> => {
  const begun = await beginSync(world, state);
  await begun.link(true);
  await begun.registered();
  begun.sent();
  return begun;
};
