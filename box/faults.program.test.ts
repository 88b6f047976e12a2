import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Interceptor } from '../actors/interceptor.ts';
import { systemClock, type Clock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { apiClient } from './api-client.ts';
import { TestCluster } from './testing/cluster.ts';

const node = ['transport', 'messaging', 'keepalive', 'healthcheck', 'converge', 'lifecycle', 'config', 'sync', 'gateway'].map((name) => `node/${name}`);
const server = ['transport', 'roster', 'orchestrator', 'events', 'enrolment', 'api'].map((name) => `server/${name}`);
const actors = [...node, ...server];

/** Those that have few messages: owners of a listener the opening of it alone, others what comes when a node joins. */
const quiet = new Set(['node/gateway', 'node/keepalive', 'node/healthcheck', 'node/converge', 'node/lifecycle', 'node/config', 'server/orchestrator', 'server/enrolment', 'server/api']);

const never = new Promise<never>(() => undefined);

/** Waits at most 300 ms for anything, so that a hung handler is given up soon. */
const hasty: Clock = { ...systemClock, after: (ms, run) => systemClock.after(Math.min(ms, 300), run) };

interface Plan {
  /** Which of the actor's messages: under load any may come there. */
  readonly at: number;
  readonly kind: 'throws before' | 'throws after' | 'hangs before' | 'hangs after';
}

/** One fault in each actor, at a message and of a kind that the seed chooses. */
const faultEverywhere = (seed: number): { readonly interceptor: Interceptor; readonly struck: Set<string> } => {
  const random = seededRandom(seed);
  const kinds = ['throws before', 'throws after', 'hangs before', 'hangs after'] as const;
  const pick = (path: string): Plan => {
    const at = quiet.has(path) ? 1 : 1 + Math.floor(random.next() * 12);
    const kind = kinds[Math.floor(random.next() * 4)] ?? 'throws before';
    // Once it listens the API's address is known to its callers, and another port would be another address.
    return path === 'server/api' && kind.endsWith('after') ? { at, kind: 'throws before' } : { at, kind };
  };
  const plans = new Map(actors.map((path) => [path, pick(path)]));
  const counts = new Map<string, number>();
  const struck = new Set<string>();
  const interceptor: Interceptor = ({ path }, next) => {
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    const plan = plans.get(path);
    if (plan?.at !== count) return next();
    struck.add(path);
    if (plan.kind === 'throws before') throw new Error('a seeded fault');
    if (plan.kind === 'hangs before') return never;
    const outcome = next();
    if (plan.kind === 'throws after') throw new Error('a seeded fault');
    return Promise.resolve(outcome).then(() => never);
  };
  return { interceptor, struck };
};

let cluster: TestCluster;
afterEach(() => cluster.stop());

describe('faults in every actor of node and server, under load', () => {
  test.each([1, 2, 3, 4])('what was accepted is stored once, and every actor is alive (seed %d)', async (seed) => {
    const { interceptor, struck } = faultEverywhere(seed);
    cluster = await TestCluster.start({ nodes: 1, interceptors: [interceptor], clock: hasty });
    const accepted = new Set<string>();
    /** A caller who hears nothing, or of a crash, asks again with the same id, as the command line does by its spool. */
    const client = async (name: string): Promise<void> => {
      for (let index = 0; index < 15 || struck.size < actors.length; index += 1) {
        const message = `${name}:${index}`;
        const request = { verb: 'log', id: cluster.mintId(), at: Date.now(), level: 'info', priority: 'medium', message } as const;
        await waitFor(`${message} accepted`, async () => (await cluster.request(0, request))?.ok === true);
        accepted.add(message);
      }
    };
    /** Nothing comes to this actor unless somebody asks. */
    const askLifecycle = (): Promise<unknown> =>
      waitFor('an answer of the lifecycle', async () => (await cluster.request(0, { verb: 'run-on-shutdown', id: cluster.mintId(), action: 'list' }))?.ok === true);
    await Promise.all([askLifecycle(), ...Array.from({ length: 10 }, (_, index) => client(`client-${index}`))]);
    expect([...struck].sort()).toEqual([...actors].sort());
    const stored = await waitFor('everything accepted in the store', async () => {
      const messages = await cluster.messages();
      return messages.length >= accepted.size && messages;
    });
    expect([...stored].sort()).toEqual([...accepted].sort());
    await waitFor('a roster that knows the node', async () => {
      const [node] = await apiClient((await cluster.server?.listening) ?? '').nodes();
      return node?.phase === 'ready' && node.hostname === 'node-0' && node.link === 'online';
    });
    await waitFor('a line of the event log for every event', async () => {
      const lines = readFileSync(path.join(cluster.folder, 'server', 'cycle_server.log'), 'utf8').trimEnd().split('\n');
      return lines.length === (await cluster.events()).length;
    });
    await waitFor('every actor alive with an empty mailbox', () => {
      const snapshots = [...(cluster.server?.inspect() ?? []), ...cluster.nodes.flatMap((node) => node.inspect())];
      return snapshots.length === actors.length && snapshots.every(({ state, mailbox }) => state === 'running' && mailbox === 0);
    });
  }, 60_000);
});
