// What the tests of gateway share.
import { afterEach } from '@jest/globals';
import { silentLogger } from '../../../effects/logger.ts';
import type { LocalReply, LocalRequest, SpooledRequest } from '../../../protocol/local.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { ConfigMessage } from '../config/messages.ts';
import type { ConvergeMessage } from '../converge/messages.ts';
import { gateway, type LocalSockets } from '../gateway/gateway.ts';
import type { HealthcheckMessage } from '../health/healthcheck.ts';
import type { KeepaliveMessage } from '../keepalive/keepalive.ts';
import type { LifecycleMessage } from '../lifecycle/lifecycle.ts';
import type { AcceptRequest } from '../messaging/messaging.ts';
import type { Asker } from '../gateway/serve-request.ts';
import type { SyncMessage } from '../sync/sync.ts';

export const spans = recordSpans();

let world: World;

export const begin = async (opening?: Promise<Result<LocalSockets>>, onAccept: () => void = () => undefined, spoolClosed = Promise.resolve()) => {
  world = createWorld();
  const { clock, system } = world;
  /** What was done to sockets and spool, in order. */
  const deeds: string[] = [];
  const did = (what: string) => async (): Promise<void> => void deeds.push(what);
  const messaging = probe<AcceptRequest>(system, 'messaging', onAccept);
  const keepalive = probe<KeepaliveMessage>(system, 'keepalive');
  const healthcheck = probe<HealthcheckMessage>(system, 'healthcheck');
  const converge = probe<ConvergeMessage>(system, 'converge');
  const sync = probe<SyncMessage>(system, 'sync');
  const config = probe<ConfigMessage>(system, 'config');
  const lifecycle = probe<LifecycleMessage>(system, 'lifecycle');
  const gone = new AbortController();
  const progress: string[] = [];
  const asker: Asker = { progress: (line) => void progress.push(line), gone: gone.signal };
  const doors: { handle: (request: LocalRequest) => Promise<LocalReply>; submit: (request: SpooledRequest) => Promise<Result<void>> } = {
    handle: () => Promise.reject(new Error('not open')),
    submit: () => Promise.reject(new Error('not open')),
  };
  /** What the host came to be called. */
  const names: string[] = [];
  const host = { nameNow: (told: string | undefined) => told ?? 'machine', changed: (name: string) => void names.push(name) };
  const definition = gateway({
    openSockets: (handle) => {
      doors.handle = (request) => handle(request, asker);
      return opening ?? Promise.resolve(ok({ drain: did('sockets drained'), close: did('sockets closed') }));
    },
    openHttp: () => Promise.reject(new Error('nobody asked for it')),
    logger: silentLogger,
    drainSpool: (submit) => {
      doors.submit = submit;
      return { close: () => spoolClosed.then(did('spool closed')) };
    },
    messaging: messaging.ref,
    keepalive: keepalive.ref,
    converge: converge.ref,
    healthcheck: healthcheck.ref,
    config: config.ref,
    lifecycle: lifecycle.ref,
    host,
    sync: sync.ref,
    status: {
      sync: sync.ref,
      config: config.ref,
      healthcheck: healthcheck.ref,
      keepalive: keepalive.ref,
      converge: converge.ref,
      lifecycle: lifecycle.ref,
      broker: () => 'connected',
      product: () => 'fake',
      outbox: () => ({ rows: 2, bytes: 30 }),
      identity: { cluster: 'lab', node: 'n1', version: '1.0.0', answersAs: '8.10.0-10000' },
    },
    inspect: () => system.inspect(),
    clock,
    onOpen: () => void deeds.push('open'),
  });
  const watching = supervise('end');
  const incarnation = system.spawn('gateway', definition, watching);
  await settle();
  // It follows the configuration for a port of its own (http-port.test.ts).
  config.received.splice(0);
  return { clock, config, converge, deeds, doors, gone, healthcheck, incarnation, keepalive, lifecycle, messaging, names, progress, sync, system, watching };
};

/** For each test of the file that calls it. */
export const useGatewayStage = (): void => {
  afterEach(() => {
    world.system.stop();
    spans.reset();
  });
};
