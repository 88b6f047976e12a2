// What the tests of keepalive share.
import { afterEach } from '@jest/globals';
import { ManualBootClock } from '../../../effects/manual-boot-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { keepalive, type KeepaliveChanged, type KeepaliveMessage, type KeepaliveView } from '../keepalive/keepalive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { MemoryState } from './memory-state.ts';

export let world: World;

export const hour = 3_600_000;

export const begin = async () => {
  world = createWorld();
  const { clock, system } = world;
  const state = new MemoryState();
  const bootClock = new ManualBootClock(clock);
  const log = recordLog();
  const messaging = probe<DrainPending>(system, 'messaging');
  const observer = probe<KeepaliveChanged>(system, 'observer');
  /** What stands in the file. */
  const shown = { file: undefined as KeepaliveView | undefined, fails: false };
  const file = {
    write: async (view: KeepaliveView): Promise<Result<void>> => {
      if (shown.fails) return fail('state_unwritable', 'the file is in the way');
      shown.file = view;
      return ok(undefined);
    },
    remove: async (): Promise<Result<void>> => {
      shown.file = undefined;
      return ok(undefined);
    },
  };
  const ports = { state, file, messaging: messaging.ref, observers: [observer.ref], bootClock, clock, random: seededRandom(1), logger: log.logger };
  const spawn = () => system.spawn('keepalive', keepalive(ports), supervise('end'));
  let incarnation = spawn();
  const ref: ActorRef<KeepaliveMessage> = system.ref('keepalive');
  await settle();
  const ask = async <R>(question: (reply: Reply<R>) => KeepaliveMessage): Promise<R> => {
    const asked = system.ask(ref, question, { timeoutMs: 5_000 });
    await settle();
    const answer = await asked;
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value;
  };
  return {
    bootClock,
    clock,
    log,
    messaging,
    shown,
    state,
    set: (durationMs: number | undefined, reason?: string): Promise<Result<KeepaliveView>> => ask((reply) => ({ type: 'set', durationMs, reason, reply })),
    cancel: (): Promise<Result<KeepaliveView>> => ask((reply) => ({ type: 'cancel', reply })),
    tellStanding: async () => {
      system.tell(ref, { type: 'tellStanding' });
      await settle();
    },
    /** A crash's end: whatever is under way, the next incarnation begins when this one has given up what it held. */
    replace: () => incarnation.end().then(() => (incarnation = spawn())),
    show: (): Promise<KeepaliveView> => ask((reply) => ({ type: 'show', reply })),
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    /** What the observer was told since the last look. */
    told: () => observer.received.splice(0).map(({ holds }) => holds),
    reports: () => state.reports.map(({ event }) => event),
    restart: async (meanwhile: () => void = () => undefined) => {
      await incarnation.end();
      meanwhile();
      incarnation = spawn();
      await settle();
    },
    set2: (...requests: ReadonlyArray<(reply: Reply<Result<KeepaliveView>>) => KeepaliveMessage>) => Promise.all(requests.map((request) => ask(request))),
  };
};

/** For each test of the file that calls it. */
export const useKeepaliveStage = (): void => {
  afterEach(() => world.system.stop());
};
