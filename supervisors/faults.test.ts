// Any handler may throw or hang at any message, under load: what was accepted is stored, every ask has ended, and every
// actor is alive with an empty mailbox. The faults come from a seed and need no message of their own.
import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../effects/random.ts';
import type { ActorContext, ActorDefinition } from '../actors/definition.ts';
import { fail } from '../protocol/result.ts';
import type { ActorRef, AskResult, Reply } from '../actors/ref.ts';
import type { ActorSystem } from '../actors/system.ts';
import { seededFaults } from '../actors/testing/seeded-faults.ts';
import { createWorld, settle } from '../actors/testing/world.ts';
import { actor, supervisor, type SupervisorSpec } from './spec.ts';
import { startSupervisor } from './supervisor.ts';

interface Put {
  readonly id: number;
  readonly reply: Reply<'stored'>;
}

interface Write {
  readonly ids: readonly number[];
  readonly reply: Reply<'written'>;
}

interface Gathered {
  readonly waiting: readonly Put[];
  readonly writing: boolean;
}

interface Written {
  readonly puts: readonly Put[];
  readonly result: AskResult<'written'>;
}

/** Gathers what is put and writes it in batches, one at a time; who put is answered when the writer has written. */
const gathererFor = (writer: ActorRef<Write>): ActorDefinition<Gathered, Put | Written> => {
  type Context = ActorContext<Put | Written>;
  const write = (puts: readonly Put[], context: Context): Gathered => {
    if (puts.length === 0) return { waiting: [], writing: false };
    const ids = puts.map(({ id }) => id);
    const asked = context.ask(writer, (reply: Reply<'written'>) => ({ ids, reply }), { timeoutMs: 2_000 });
    const again = (error: unknown): Written => ({ puts, result: fail('internal', String(error)) });
    context.pipeToSelf(asked, (result) => ({ puts, result }), again);
    return { waiting: [], writing: true };
  };
  return {
    name: 'gatherer',
    handlerDeadlineMs: 50,
    start: () => ({ waiting: [], writing: false }),
    receive: ({ waiting, writing }, message, context) => {
      if ('id' in message) return writing ? { waiting: [...waiting, message], writing } : write([...waiting, message], context);
      if (!message.result.ok) return write([...message.puts, ...waiting], context);
      for (const { reply } of message.puts) reply('stored');
      return write(waiting, context);
    },
  };
};

/** Owns a file that only one may have open at a time. */
const writerOf = (file: { opened: number; most: number; readonly rows: Set<number> }): ActorDefinition<null, Write> => ({
  name: 'writer',
  handlerDeadlineMs: 50,
  start: () => {
    file.opened += 1;
    file.most = Math.max(file.most, file.opened);
    return null;
  },
  receive: async (state, { ids, reply }) => {
    await settle(1);
    for (const id of ids) file.rows.add(id);
    reply('written');
    return state;
  },
  release: async () => {
    await settle(2);
    file.opened -= 1;
  },
});

const patient = { backoff: { firstMs: 5, capMs: 50, quietMs: 1_000 } };
const unlimited = { restarts: Number.POSITIVE_INFINITY, withinMs: 1 };

/** Puts one after another until each is stored, as a caller does that was told of a failure. */
const client = async (system: ActorSystem, ids: readonly number[], outcomes: Map<string, number>): Promise<void> => {
  const gatherer: ActorRef<Put> = system.ref('root/gatherer');
  for (const id of ids) {
    for (let stored = false; !stored; ) {
      const result = await system.ask(gatherer, (reply: Reply<'stored'>) => ({ id, reply }), { timeoutMs: 5_000 });
      stored = result.ok;
      const outcome = result.ok ? 'stored' : result.error.code;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  }
};

const tree = (strategy: SupervisorSpec['strategy'], system: ActorSystem, file: Parameters<typeof writerOf>[0]): SupervisorSpec =>
  supervisor({
    name: 'root',
    strategy,
    intensity: unlimited,
    children: [actor(writerOf(file), patient), actor(gathererFor(system.ref('root/writer')), patient)],
  });

describe.each(['one-for-one', 'rest-for-one'] as const)('seeded faults under load, %s', (strategy) => {
  test.each([1, 2, 3, 4, 5])('seed %i: accepted is stored, every ask ends, every actor is alive', async (seed) => {
    const faults = seededFaults(seededRandom(seed), 0.05);
    const { clock, system } = createWorld([faults.interceptor]);
    const file = { opened: 0, most: 0, rows: new Set<number>() };
    const escalations: unknown[] = [];
    const root = startSupervisor(system, tree(strategy, system, file), { onEscalate: (error) => escalations.push(error) });

    const outcomes = new Map<string, number>();
    const shares = Array.from({ length: 20 }, (_, share) => Array.from({ length: 25 }, (_, index) => share * 25 + index));
    const clients = Promise.all(shares.map((ids) => client(system, ids, outcomes)));
    while ((outcomes.get('stored') ?? 0) < 500) {
      await settle(2);
      await clock.advance(10);
    }
    await clients;
    faults.stop();
    // What the faults left behind ends in time: hung handlers, restarts, asks between the actors.
    for (let round = 0; round < 100; round += 1) {
      await settle(2);
      await clock.advance(50);
    }

    expect([...file.rows].sort((a, b) => a - b)).toEqual(shares.flat());
    expect(outcomes.get('stored')).toBe(500);
    expect(system.inspect().map(({ mailbox, state }) => ({ mailbox, state }))).toEqual([
      { mailbox: 0, state: 'running' },
      { mailbox: 0, state: 'running' },
    ]);
    expect({ most: file.most, opened: file.opened, armed: clock.armed, deadLetters: system.deadLetters, escalations }).toEqual({
      most: 1,
      opened: 1,
      armed: 0,
      deadLetters: 0,
      escalations: [],
    });
    for (const count of Object.values(faults.counts)) expect(count).toBeGreaterThan(0);

    await root.drain();
    expect(file.opened).toBe(0);
    system.stop();
  });
});
