// The steps of the delivery model as data, for fast-check to generate and shrink, and what each does to a world.
import * as fc from 'fast-check';
import type { Priority } from '../../protocol/events.ts';
import { assertNever } from '../../protocol/result.ts';
import type { PublishOutcome } from '../../transport/port.ts';
import type { World } from './delivery-world.ts';

type Outcome = PublishOutcome['outcome'];

const outcome = fc.constantFrom<Outcome[]>('confirmed', 'confirmed', 'confirmed', 'unconfirmed', 'nacked', 'unroutable', 'closed');
const priorities = fc.array(fc.constantFrom<Priority[]>('low', 'low', 'medium', 'high'), { minLength: 1, maxLength: 3 });
const flag = fc.boolean();

/** `node` and `pick` choose among what there is, modulo. */
const kind = <T extends string, F extends object>(weight: number, type: T, fields: { [K in keyof F]: fc.Arbitrary<F[K]> }) => ({
  weight,
  arbitrary: fc.tuple(fc.nat(1), fc.nat(7), fc.record(fields)).map(([node, pick, rest]) => ({ type, node, pick, ...rest })),
});

/** Steps that move messages are frequent, crashes and restores rare enough for something to happen in between. */
const step = fc.oneof(
  kind(16, 'append', { priorities }),
  kind(2, 'append again', {}),
  kind(1, 'append and crash', { committed: flag }),
  kind(2, 'send', { routable: flag }),
  kind(3, 'publish user', { confirmed: flag }),
  // A batch arrives or not, and the broker answers, or not yet: any two of these go together.
  kind(14, 'publish', { arrives: flag, outcome: fc.option(outcome, { freq: 5, nil: undefined }) }),
  kind(3, 'settle', { outcome }),
  kind(14, 'deliver', { again: flag }),
  kind(10, 'apply', {}),
  kind(2, 'apply and crash', {}),
  kind(12, 'answer', { again: flag }),
  kind(2, 'lose frame', {}),
  kind(2, 'lose answer', {}),
  kind(6, 'flow', {}),
  kind(1, 'reconnect', {}),
  kind(4, 'crash node', {}),
  kind(2, 'crash server', {}),
  kind(2, 'back up node', {}),
  kind(2, 'restore node', {}),
  kind(2, 'back up server', {}),
  kind(2, 'restore server', {}),
  kind(4, 'pass', { ms: fc.constantFrom(1, 600, 5_000, 61_000) }),
);

export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Without fast-check's bias to the small: nothing goes wrong in a short history. */
export const histories = fc.noBias(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }));

/** Takes the chosen item out of a queue, or leaves it there to be taken again. */
const take = <T>(queue: T[], pick: number, keep: boolean): T | undefined => {
  const index = queue.length === 0 ? 0 : pick % queue.length;
  return keep ? queue[index] : queue.splice(index, 1)[0];
};

export const perform = async (world: World, step: Step): Promise<void> => {
  const { clock, server } = world;
  const now = clock.monotonic();
  const node = world.nodes[step.node];
  if (node === undefined) return;
  switch (step.type) {
    case 'append':
      return node.append(step.priorities.map((priority) => node.newLog(priority)));
    case 'append again': {
      const promised = node.promised.filter(({ entry }) => entry.repeatable);
      const again = promised[promised.length === 0 ? 0 : step.pick % promised.length];
      return again === undefined ? undefined : node.append([again.entry]);
    }
    case 'append and crash': {
      // The caller was not told, so it tries again with the same id, as the command line does.
      const entry = node.newLog('high');
      await node.crashDuringAppend([entry], step.committed);
      return node.append([entry]);
    }
    case 'send':
      return node.append([node.newUserMessage(step.routable ? 'somewhere' : 'nowhere')]);
    case 'publish user':
      await node.publishUser(step.confirmed, now);
      return;
    case 'publish': {
      const batch = node.publish(now);
      if (batch === undefined) return;
      if (step.arrives) world.send(node, batch);
      if (step.outcome !== undefined) node.settle(batch, step.outcome, now);
      return;
    }
    case 'settle': {
      const batch = node.underWay[step.pick];
      if (batch !== undefined) node.settle(batch, step.outcome, now);
      return;
    }
    case 'deliver': {
      const frame = take(world.frames, step.pick, step.again);
      if (frame !== undefined) server.receive(frame);
      return;
    }
    case 'apply':
      return server.apply(false);
    case 'apply and crash':
      return server.apply(true);
    case 'answer': {
      const answer = take(world.answers, step.pick, step.again);
      return answer === undefined ? undefined : world.answer(answer);
    }
    case 'lose frame':
      take(world.frames, step.pick, false);
      return;
    case 'lose answer':
      take(world.answers, step.pick, false);
      return;
    case 'flow':
      return world.flow();
    case 'reconnect':
      node.sender.connected();
      return;
    case 'crash node':
      return node.crash();
    case 'crash server':
      return server.crash();
    case 'back up node':
      node.backUp();
      return;
    case 'restore node':
      return node.restore();
    case 'back up server':
      server.backUp();
      return;
    case 'restore server':
      return server.restore();
    case 'pass':
      return clock.advance(step.ms);
    default:
      return assertNever(step);
  }
};
