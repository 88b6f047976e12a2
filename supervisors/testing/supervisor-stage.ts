// What the tests of supervisor share.
import { afterEach } from '@jest/globals';
import type { ActorDefinition } from '../../actors/definition.ts';
import { createWorld, settle, type World } from '../../actors/testing/world.ts';
import type { SupervisionEvent } from '../events.ts';
import { actor, supervisor, type ChildOptions, type SupervisorSpec } from '../spec.ts';
import { startSupervisor, type RunningSupervisor } from '../supervisor.ts';
import { endRunning } from './end-running.ts';

/** A message has the handler do something with the actor's name and its count of messages handled well. */
export type Step = (handled: number) => string | number | undefined | void | Promise<unknown>;

export const crash: Step = () => {
  throw new Error('crash');
};

export const forever = (): Promise<never> => Promise.withResolvers<never>().promise;

/** No wait before a restart, so that a test moves the clock only for what it is about. */
export const atOnce = { firstMs: 0, capMs: 0, quietMs: 1_000 };

const running: { readonly world: World; readonly root: RunningSupervisor }[] = [];

/** Actors that write down what happens to them, and a tree made of them. */
export const scene = () => {
  const world = createWorld();
  const { clock, system } = world;
  const log: string[] = [];
  const events: SupervisionEvent[] = [];
  const escalations: unknown[] = [];

  const child = (name: string, options: ChildOptions = {}, more: Partial<ActorDefinition<number, Step>> = {}) => {
    const definition: ActorDefinition<number, Step> = {
      name,
      handlerDeadlineMs: 100,
      start: () => {
        log.push(`${name} starts`);
        return 0;
      },
      receive: (handled, step) => {
        const result = step(handled);
        if (result instanceof Promise) return result.then(() => handled + 1);
        if (result !== undefined) log.push(`${name}: ${String(result)}`);
        return handled + 1;
      },
      ...more,
    };
    return actor(definition, { backoff: atOnce, ...options });
  };

  /** An owner of something that there must be only one of. */
  const owner = (name: string, release: () => Promise<void> = () => Promise.resolve(), options: ChildOptions = {}) =>
    child(name, options, {
      release: async () => {
        log.push(`${name} releases`);
        await release();
        log.push(`${name} has released`);
      },
    });

  const start = (spec: Omit<SupervisorSpec, 'kind' | 'name'>): RunningSupervisor => {
    const root = startSupervisor(system, supervisor({ name: 'root', ...spec }), {
      onEvent: (event) => events.push(event),
      onEscalate: (error) => {
        log.push('the program ends');
        escalations.push(error);
      },
    });
    running.push({ world, root });
    return root;
  };

  const tell = (path: string, step: Step) => system.tell<Step>(system.ref(`root/${path}`), step);
  const states = () => Object.fromEntries(system.inspect().map(({ path, restarts, state }) => [path.slice(5), `${state} ${restarts}`]));
  const took = (type: SupervisionEvent['type']) => events.filter((event) => event.type === type).map(({ path }) => path.slice(5));
  /** Lets everything happen that waits for nothing but a turn or a restart without delay. */
  const calm = async (): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      await settle(8);
      await clock.advance(0);
    }
  };
  return { calm, child, clock, escalations, events, log, owner, start, states, system, tell, took, world };
};

/** For each test of the file that calls it. */
export const useSupervisorStage = (): void => afterEach(() => endRunning(running));
