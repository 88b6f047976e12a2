// Messages a second through one actor: bare nact's beside ours under a supervisor, without and with a trace on every
// message. Both do the same to the same message; waves keep either mailbox within the bound that ours has.
import { dispatch, spawn, start, stop } from 'nact';
import type { ActorDefinition } from '../actors/definition.ts';
import { createActorSystem } from '../actors/runtime.ts';
import { systemClock } from '../effects/clock.ts';
import { silentLogger } from '../effects/logger.ts';
import { systemRandom } from '../effects/random.ts';
import type { TraceContext } from '../protocol/trace.ts';
import { actor, supervisor } from '../supervisors/spec.ts';
import { startSupervisor } from '../supervisors/supervisor.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import type { Suite } from './harness.ts';

const waveMessages = 1_000;
const turnMs = 500;

interface Add {
  readonly by: number;
  /** On the last message of a wave. */
  readonly done?: () => void;
}

const add = (sum: number, { by, done }: Add): number => {
  done?.();
  return sum + by;
};

/** Sends waves until the time is up; messages a second. */
const waves = async (send: (message: Add) => void): Promise<number> => {
  const begun = systemClock.monotonic();
  let sent = 0;
  while (systemClock.monotonic() - begun < turnMs) {
    await new Promise<void>((done) => {
      for (let index = 1; index < waveMessages; index += 1) send({ by: index });
      send({ by: waveMessages, done });
    });
    sent += waveMessages;
  }
  return (sent / (systemClock.monotonic() - begun)) * 1_000;
};

const bareNact = async (): Promise<number> => {
  const system = start();
  const ref = spawn(system, add, 'counter', { initialState: 0 });
  const rate = await waves((message) => dispatch(ref, message));
  stop(system);
  return rate;
};

const counter: ActorDefinition<number, Add> = { name: 'counter', start: () => 0, receive: add };

const supervised = async (trace: TraceContext | undefined): Promise<number> => {
  const system = createActorSystem({ name: 'bench', clock: systemClock, random: systemRandom, logger: silentLogger });
  const tree = supervisor({ name: 'bench', strategy: 'one-for-one', children: [actor(counter)] });
  const running = startSupervisor(system, tree, { onEscalate: () => undefined });
  const ref = system.ref<Add>('bench/counter');
  const rate = await waves((message) => {
    const outcome = system.tell(ref, message, { trace });
    if (outcome !== 'queued') throw new Error(`a message was ${outcome}`);
  });
  await running.drain();
  system.stop();
  return rate;
};

const trace: TraceContext = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

/** As a daemon that exports nothing: each handler still runs in its message's trace. */
const traced = async (): Promise<number> => {
  const telemetry = await startTelemetry({ serviceName: 'bench', version: '0', env: {}, program: 'daemon', logger: silentLogger, clock: systemClock });
  const rate = await supervised(trace);
  await telemetry.shutdown();
  return rate;
};

const peer = { name: 'bare nact', turn: bareNact };

export const actors: Suite = {
  title: 'Messages a second through one actor',
  libraries: ['nact', '@opentelemetry/api'],
  comparisons: [
    { name: 'plain', unit: 'messages', aim: 0.9, peer, product: { name: 'supervised actor', turn: () => supervised(undefined) } },
    { name: 'traced', unit: 'messages', aim: 0.8, peer, product: { name: 'supervised actor, a trace on every message', turn: traced } },
  ],
};
