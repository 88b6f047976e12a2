// A chaos run: five daemons, a server and a broker under load, struck as the plan says; then every fault is undone, all must come to
// rest, and what clients and the server were told is compared with what is there.
//
//   begin -> struck, each line of the plan by itself -> undone -> settled -> judged;  everything it started ends with it
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { pause, systemClock } from '../../effects/clock.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { startBroker } from '../broker/at-hand.ts';
import type { BrokerKind } from '../broker/test-broker.ts';
import { logsOf } from '../cluster/stored-events.ts';
import { flawsIn } from '../cluster/told.ts';
import { judge, type Attempt, type Verdict } from '../crash/judge.ts';
import { Load, routingWord } from '../crash/load.ts';
import { ChaosCluster, type NodeScript } from './cluster.ts';
import { Commanding, judgeCommands, setting, type CommandVerdict } from './commanding.ts';
import { keepUserMessages, takeKept } from './kept.ts';
import { nameOf, nodes, planChaos, programs, type Line } from './plan.ts';
import { faults } from './report.ts';
import { strike } from './strike.ts';

export interface ChaosRun {
  readonly seed: number;
  readonly minutes: number;
  readonly broker: BrokerKind;
  /** What runs in place of jetpackd; absent: jetpackd. */
  readonly nodeScript?: NodeScript;
  /** How long everything may take to come to rest, milliseconds; default 180,000. What has not arrived by then is lost. */
  readonly settleMs?: number;
  /** Where the logs go when something is wrong. */
  readonly logs: string;
}

export interface ChaosReport {
  readonly faults: ReadonlyMap<string, number>;
  readonly logs: readonly Attempt[];
  readonly verdict: Verdict;
  /** Of `jetpack send`: delivered at least once, so `doubled` is no fault there. */
  readonly sends: Verdict;
  readonly commands: CommandVerdict;
  /** What else is wrong: events of any kind, programs that ended by themselves, a setting that does not show. */
  readonly flaws: readonly string[];
  readonly seconds: number;
}

/** Five nodes share two cores with their server and broker. */
const pauses = { log: 120, send: 300, shell: 3_000 };

/** Strikes as one line says; undoes what it did also when it is interrupted. */
const followLine = async (chaos: ChaosCluster, line: Line, struck: (fault: string) => void, signal: AbortSignal): Promise<void> => {
  for (const { lastsMs, restMs, stroke } of line) {
    await pause(systemClock, restMs, signal);
    if (signal.aborted) return;
    const undo = await strike(chaos, stroke);
    struck(nameOf(stroke));
    await pause(systemClock, lastsMs, signal);
    await undo();
  }
};

const includesAll = (all: readonly string[], some: readonly string[]): boolean => {
  const found = new Set(all);
  return some.every((one) => found.has(one));
};

/** The nodes whose `jetpack config` does not show the last value that was set. */
const withoutSetting = async ({ cluster }: ChaosCluster, value: number): Promise<readonly string[]> => {
  const shown = await Promise.all(nodes.map((node) => cluster.jetpack(node, ['config', setting])));
  return nodes.flatMap((node, index) => (shown[index]?.stdout === `${value}\n` ? [] : [`${node} shows ${JSON.stringify(shown[index]?.stdout)} as ${setting}, not ${value}`]));
};

const struckAndJudged = async (chaos: ChaosCluster, run: ChaosRun, signal: AbortSignal, onFault: (fault: string, told: number) => void): Promise<Omit<ChaosReport, 'seconds'>> => {
  const { broker, cluster } = chaos;
  const { settleMs = 180_000 } = run;
  await keepUserMessages(broker.url(), cluster.prefix, `${routingWord}.#`);
  const load = new Load(nodes.map((node) => ({ node, home: cluster.home(node) })), pauses);
  // A line that cannot go on ends the others as well.
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  const commanding = new Commanding(cluster, either);
  const counts = new Map<string, number>();
  const struck = (fault: string): void => {
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    onFault(fault, load.logs.length);
  };
  const lines = planChaos(run.seed, run.minutes * 60_000).map((line) =>
    followLine(chaos, line, struck, either).catch((error: unknown) => {
      broken.abort();
      throw error;
    }),
  );
  const ends = await Promise.allSettled(lines);
  await Promise.all([load.end(), commanding.end()]);
  signal.throwIfAborted();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;

  const { logs, sends } = load;
  const lacks = async (): Promise<number> => {
    const events = await cluster.watched();
    return judge(logs, logsOf(events)).lost.length + judgeCommands(commanding.ids, nodes, events).missing.length;
  };
  // What does not arrive in time is lost, and the verdict says what.
  await waitFor('everything accepted in the store, and every command done', async () => (await lacks()) === 0, settleMs).catch(() => undefined);
  const safe = sends.filter(({ told }) => told !== 'refused').map(({ message }) => message);
  const bodies = await takeKept(broker.url(), cluster.prefix, (taken) => includesAll(taken, safe), settleMs);
  const events = await cluster.events();
  return {
    faults: counts,
    logs,
    verdict: judge(logs, logsOf(events)),
    sends: judge(sends, bodies),
    commands: judgeCommands(commanding.ids, nodes, events),
    flaws: [...chaos.flaws, ...flawsIn(events), ...(await withoutSetting(chaos, commanding.ids.length))],
  };
};

/** What the programs and their server logged. */
const keepLogs = async ({ cluster }: ChaosCluster, folder: string): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  for (const name of programs) await cp(path.join(cluster.home(name), 'logs'), path.join(folder, name), { recursive: true });
};

/** Rejects when something cannot be started or ended, and when `signal` aborts. */
export const runChaos = async (run: ChaosRun, signal: AbortSignal, onFault: (fault: string, told: number) => void): Promise<ChaosReport> => {
  const started = systemClock.monotonic();
  const broker = await startBroker(run.broker);
  try {
    const chaos = await ChaosCluster.begin(broker, run.nodeScript);
    try {
      const judged = await struckAndJudged(chaos, run, signal, onFault);
      const report = { ...judged, seconds: (systemClock.monotonic() - started) / 1_000 };
      if (faults(report).length > 0) await keepLogs(chaos, run.logs);
      return report;
    } finally {
      await chaos.dispose();
    }
  } finally {
    await broker.dispose();
  }
};
