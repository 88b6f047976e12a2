import { afterEach, describe, expect, test } from '@jest/globals';
import type { ActorDefinition } from '../actors/definition.ts';
import { createWorld, settle, type World } from '../actors/testing/world.ts';
import { Pool } from './pool.ts';
import { actor, supervisor, type ActorSpec, type ChildOptions } from './spec.ts';
import { startSupervisor, type RunningSupervisor } from './supervisor.ts';

const atOnce = { firstMs: 0, capMs: 0, quietMs: 1_000 };
const running: { readonly world: World; readonly root: RunningSupervisor }[] = [];

afterEach(async () => {
  for (const { root, world } of running.splice(0)) {
    await root.drain();
    world.system.stop();
  }
});

const scene = () => {
  const world = createWorld();
  const log: string[] = [];
  const escalations: unknown[] = [];
  const pool = new Pool();
  const member = (name: string, options: ChildOptions = {}): ActorSpec => {
    const definition: ActorDefinition<string, string> = {
      name,
      start: () => {
        log.push(`${name} starts`);
        return name;
      },
      receive: (_, message) => {
        if (message === 'crash') throw new Error('crash');
        return message;
      },
      release: async () => void log.push(`${name} ends`),
    };
    return actor(definition, { backoff: atOnce, ...options });
  };
  const start = (): RunningSupervisor => {
    const spec = supervisor({ name: 'top', strategy: 'one-for-one', children: [{ kind: 'pool', name: 'pool', members: pool, backoff: atOnce }] });
    const root = startSupervisor(world.system, spec, { onEscalate: (error) => void escalations.push(error) });
    running.push({ world, root });
    return root;
  };
  const crash = async (name: string): Promise<void> => {
    world.system.tell(world.system.ref(`top/pool/${name}`), 'crash');
    await settle();
    await world.clock.advance(1);
    await settle();
  };
  const stateOf = (name: string) => world.system.inspect().find(({ path }) => path === `top/pool/${name}`)?.state;
  return { crash, escalations, log, member, pool, start, stateOf, world };
};

describe('a pool', () => {
  test('runs members that were there before and those that come later', async () => {
    const { log, member, pool, start } = scene();
    pool.add(member('a'));
    start();
    pool.add(member('b'));
    await settle();
    expect(log).toEqual(['a starts', 'b starts']);
  });

  test('begins one that fails anew, and leaves the others alone', async () => {
    const { crash, log, member, pool, start } = scene();
    for (const name of ['a', 'b']) pool.add(member(name));
    start();
    await settle();
    await crash('a');
    expect(log).toEqual(['a starts', 'b starts', 'a ends', 'a starts']);
  });

  test('ends a member that is removed, for good', async () => {
    const { log, member, pool, start, stateOf } = scene();
    const a = member('a');
    pool.add(a);
    start();
    await settle();
    await pool.remove(a);
    await pool.remove(a);
    expect([log, stateOf('a'), pool.specs.size]).toEqual([['a starts', 'a ends'], 'stopped', 0]);
  });

  test('gives up when one of them is too much, and its members with it; its parent begins it anew', async () => {
    const { crash, escalations, log, member, pool, start } = scene();
    pool.add(member('a', { decide: () => 'escalate' }));
    pool.add(member('b'));
    start();
    await settle();
    await crash('a');
    expect(log.slice(2, 4).toSorted()).toEqual(['a ends', 'b ends']);
    expect(log.slice(4)).toEqual(['a starts', 'b starts']);
    for (let times = 0; times < 4; times += 1) await crash('a');
    expect(escalations).toHaveLength(1);
  });

  test('has no more members than a supervisor may have', () => {
    const { member, pool } = scene();
    for (let index = 0; index < 64; index += 1) pool.add(member(`m${index}`));
    expect(() => pool.add(member('m64'))).toThrow('m64');
  });
});
