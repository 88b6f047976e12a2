// `npm start`: a cluster in a box, with a live view of it.
import { pause, systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import { exitWith, processHost, runProgram, type Host, type RunningProgram } from '../supervisors/program.ts';
import { logLevelFrom, type LogLevel } from '../telemetry/log-level.ts';
import { apiClient } from './api-client.ts';
import { banner } from './banner.ts';
import { checkBroker } from './check-broker.ts';
import type { Cluster } from './cluster.ts';
import { startInProcess } from './in-process.ts';
import { boxHelp, command, nodeNames, parsePlan, type BoxPlan } from './plan.ts';
import { findsPython, prepareState } from './prepare-state.ts';
import { startProcesses } from './processes.ts';
import { screenOn } from './screen.ts';
import { claimState } from './state.ts';
import { summaryLines, verdictOn } from './summary.ts';
import { processTerminal, terminalHost } from './terminal-host.ts';
import { colours, plain } from './view.ts';
import { watch } from './watch.ts';

const program = 'npm start';
const clock = systemClock;
const random = systemRandom;

/** How long a cluster is shown once it is settled, milliseconds: its last table appears when that has stood for a second. */
const lingerMs = 1_500;

/** Shows a cluster, begun at `since`, until it is to end. */
const show = (cluster: Cluster, since: number, plan: BoxPlan, release: () => void): RunningProgram => {
  const { stdout } = process;
  const palette = stdout.isTTY && stdout.hasColors() ? colours : plain;
  const canRedraw = stdout.isTTY && process.env['TERM'] !== 'dumb';
  const screen = screenOn({ columns: () => (canRedraw ? stdout.columns : undefined), write: (text) => void stdout.write(text) }, clock);
  for (const line of banner(cluster, plan, palette)) screen.print(line);
  const started = clock.monotonic();
  const client = apiClient(cluster.url);
  const following = watch({ client, after: cluster.after, since, screen, palette, bars: canRedraw, names: nodeNames, everyMs: 200, clock });

  const { forMs, untilReady } = plan;
  let verdict: Failure | undefined;
  const stop = async (): Promise<void> => {
    const seen = await following.end();
    screen.release();
    const seconds = (clock.monotonic() - started) / 1000;
    const totals = { ...seen, seconds, names: nodeNames };
    for (const line of ['', ...summaryLines(totals, palette)]) screen.print(line);
    verdict = verdictOn(totals);
    await cluster.stop();
    release();
  };
  const timeIsUp = forMs === undefined ? [] : [pause(clock, forMs)];
  const isSettled = untilReady ? [following.settled.then(() => pause(clock, lingerMs))] : [];
  const ends = [...timeIsUp, ...isSettled];
  if (ends.length === 0) return { escalated: cluster.broken, stop };
  return { escalated: cluster.broken, stop, over: Promise.race(ends).then(() => () => verdict) };
};

const start = async (plan: BoxPlan, level: LogLevel, { env }: Host): Promise<Result<RunningProgram>> => {
  const { brokerUrl, fresh, state } = plan;
  const reached = brokerUrl === undefined ? ok(undefined) : await checkBroker(brokerUrl, clock, random);
  if (!reached.ok) return reached;
  const claimed = claimState(state, fresh, random);
  if (!claimed.ok) return claimed;
  const { prefix, release } = claimed.value;
  const since = clock.now();
  const python = findsPython(env['PATH']);
  const prepared = prepareState(state, plan.break, python);
  if (!prepared.ok) {
    release();
    return prepared;
  }
  const cluster = brokerUrl === undefined ? await startInProcess(state, level, env) : await startProcesses({ state, prefix, brokerUrl, env });
  if (!cluster.ok) {
    release();
    return cluster;
  }
  const about = python ? cluster.value.about : `${cluster.value.about}; no python3 is on the PATH, so the scripts in Python are left out`;
  return ok(show({ ...cluster.value, about }, since, plan, release));
};

const main = async (host: Host): Promise<void> => {
  const plan = parsePlan(host.argv, host.env);
  if (!plan.ok) return exitWith(host, command, plan.error);
  if (plan.value === 'help') {
    process.stdout.write(boxHelp);
    return;
  }
  const level = logLevelFrom(host.env);
  if (!level.ok) return exitWith(host, program, level.error);
  const { value } = plan;
  await runProgram(host, program, () => start(value, level.value, host));
};

await main(terminalHost(processHost, processTerminal, clock));
