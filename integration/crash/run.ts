// A crash run: a cluster of processes on a RabbitMQ of its own, under load, whose programs are killed and started again as
// the plan says; then it settles, and what clients were told is compared with what is stored.
//
// Everything it starts ends with it, also when it is interrupted.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StoredEvent } from '../../actors/server/ports.ts';
import { apiClient, type ApiClient } from '../../box/api-client.ts';
import { systemClock } from '../../effects/clock.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { homePaths } from '../../node/home/paths.ts';
import { namesFor } from '../../transport/topology.ts';
import { startRabbit } from '../broker/find.ts';
import type { Rabbit } from '../broker/rabbit.ts';
import { takeUserMessages, type Taken } from '../cluster/taken.ts';
import { logsOf, StoredEvents } from '../cluster/stored-events.ts';
import { flawsIn } from '../cluster/told.ts';
import { crashCluster, prefix, type CrashCluster } from './cluster.ts';
import { judge, type Attempt, type Verdict } from './judge.ts';
import { Load, routingWord } from './load.ts';
import { planKills, type Kill } from './plan.ts';
import type { Death, Victim } from './victim.ts';

export interface CrashOptions {
  readonly seed: number;
  readonly kills: number;
}

export interface CrashReport {
  readonly deaths: ReadonlyMap<Death, number>;
  readonly logs: readonly Attempt[];
  readonly verdict: Verdict;
  /** Of `jetpack send`: delivered at least once, so `doubled` is no fault there. */
  readonly sends: Verdict;
  /** What is wrong with events of any kind, a daemon's own among them. */
  readonly flaws: readonly string[];
  readonly seconds: number;
}

/** The longest pause before a node asks again for what nobody answered is a minute. */
const settleMs = 150_000;

const nothing = (): void => undefined;

const spooled = async (folder: string): Promise<number> => (await readdir(folder)).filter((name) => name !== 'rejected').length;

class CrashRun {
  readonly #rabbit: Rabbit;
  readonly #cluster: CrashCluster;
  readonly #taken: Taken;

  constructor(rabbit: Rabbit, cluster: CrashCluster, taken: Taken) {
    this.#rabbit = rabbit;
    this.#cluster = cluster;
    this.#taken = taken;
  }

  get #victims(): readonly Victim[] {
    return [this.#cluster.server, ...this.#cluster.nodes];
  }

  /** Starts and ends everything once: homes are made, and Node keeps what it made of the sources, which a killed one does not. */
  async warm(): Promise<void> {
    await Promise.all(this.#victims.map((victim) => victim.live()));
    await Promise.all(this.#victims.map((victim) => this.#end(victim)));
  }

  /** Kills each victim as often as the plan says, one after another; all victims at the same time. The server's API in the end. */
  async kill(plan: readonly Kill[], onDeath: (death: Death) => void): Promise<ApiClient> {
    const lines = this.#victims.map(async (victim) => {
      for (const { moment } of plan.filter((kill) => kill.victim === victim.name)) onDeath(await victim.die(moment));
      return victim.live();
    });
    const [line = ''] = await Promise.all(lines);
    return apiClient(line.split(' ').at(-1) ?? '');
  }

  /** Waits until nothing is under way any more: nobody's spool, outbox or queue holds anything. Resolves with what is stored. */
  async settle(api: ApiClient, logs: readonly Attempt[], sends: readonly Attempt[]): Promise<readonly StoredEvent[]> {
    const isIn = (texts: readonly string[], attempts: readonly Attempt[]): boolean => {
      const found = new Set(texts);
      return attempts.every(({ message, told }) => told === 'refused' || found.has(message));
    };
    const stored = new StoredEvents(() => api);
    const spools = this.#cluster.targets.map(({ home }) => homePaths(home).spool);
    const waiting = [
      waitFor('empty spools', async () => (await Promise.all(spools.map(spooled))).every((count) => count === 0), settleMs),
      waitFor('everything accepted in the store', async () => isIn(logsOf(await stored.watched()), logs), settleMs),
      waitFor('everything sent at its receiver', () => isIn(this.#taken.bodies(), sends), settleMs),
    ];
    // What does not arrive in time is lost, and the verdict says what.
    await Promise.allSettled(waiting);
    for (const node of this.#cluster.nodes) await this.#end(node);
    await waitFor('an empty queue of reports', async () => (await this.#waitingReports()) === 0, settleMs);
    const all = await stored.all();
    await this.#end(this.#cluster.server);
    return all;
  }

  async #end(victim: Victim): Promise<void> {
    const code = await victim.stop();
    if (code !== 0) throw new Error(`${victim.name} ended with code ${code} when asked to`);
  }

  async #waitingReports(): Promise<number> {
    const lines = await this.#rabbit.ctl('list_queues', 'name', 'messages', '--no-table-headers');
    const line = lines.split('\n').find((text) => text.startsWith(`${namesFor(prefix).events}\t`));
    return Number(line?.split('\t')[1]);
  }
}

/** Rejects when a program ends otherwise than planned, when something does not settle, and when `signal` aborts. */
export const runCrash = async ({ seed, kills }: CrashOptions, signal: AbortSignal, onDeath: (death: Death, load: Load) => void): Promise<CrashReport> => {
  const started = systemClock.monotonic();
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'jetpack-crash-'));
  const endings: Array<() => Promise<unknown>> = [() => rm(folder, { recursive: true, force: true, maxRetries: 10 })];

  const work = async (): Promise<CrashReport> => {
    const starting = startRabbit();
    endings.push(() => starting.then((rabbit) => rabbit.dispose(), nothing));
    const rabbit = await starting;
    const taking = takeUserMessages(rabbit.url(), prefix, `${routingWord}.#`);
    endings.push(() => taking.then((taken) => taken.close(), nothing));
    const taken = await taking;
    signal.throwIfAborted();
    const cluster = crashCluster(folder, rabbit.url());
    endings.push(() => Promise.all([cluster.server, ...cluster.nodes].map((victim) => victim.abandon())));
    const run = new CrashRun(rabbit, cluster, taken);
    await run.warm();
    const load = new Load(cluster.targets);
    endings.push(() => load.end());
    const deaths = new Map<Death, number>();
    const api = await run.kill(planKills(seed, kills), (death) => {
      deaths.set(death, (deaths.get(death) ?? 0) + 1);
      onDeath(death, load);
    });
    await load.end();
    const stored = await run.settle(api, load.logs, load.sends);
    const seconds = (systemClock.monotonic() - started) / 1000;
    return { deaths, logs: load.logs, verdict: judge(load.logs, logsOf(stored)), sends: judge(load.sends, taken.bodies()), flaws: flawsIn(stored), seconds };
  };

  try {
    return await Promise.race([work(), interrupted]);
  } finally {
    // In the reverse order; what is still starting as well.
    while (endings.length > 0) await endings.pop()?.();
  }
};
