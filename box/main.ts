// `npm start`: a cluster in a box, with a live view of it.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { pause, systemClock } from '../effects/clock.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import { exitWith, processHost, runProgram, type Host, type RunningProgram } from '../supervisors/program.ts';
import { logLevelFrom, type LogLevel } from '../telemetry/log-level.ts';
import { apiClient } from './api-client.ts';
import { startInProcess } from './in-process.ts';
import { boxHelp, nodeHome, nodeNames, parsePlan, root, type BoxPlan } from './plan.ts';
import { startProcesses } from './processes.ts';
import { screenOn, type Screen } from './screen.ts';
import { colours, plain, summaryLines, type Palette } from './view.ts';
import { watch } from './watch.ts';

const program = 'npm start';

const banner = (about: string, url: string, plan: BoxPlan, { dim, strong }: Palette): readonly string[] => {
  const jetpack = path.join(root, 'bin', 'jetpack');
  const home = nodeHome(plan, nodeNames[0]);
  const other = nodeHome(plan, nodeNames[1]);
  return [
    strong('Jetpack: a cluster in a box'),
    dim(about),
    '',
    `API    ${url}/api/nodes  ${url}/api/events  ${url}/healthz`,
    'Try    in another terminal:',
    `       ${jetpack} log 'system is now ready' --home ${home}`,
    `       ${jetpack} log 'the machine cannot process jobs' --level error --home ${other}`,
    `       ${jetpack} send 'hello' --routing-key my.key --home ${home}`,
    dim(plan.forMs === undefined ? 'Ctrl-C ends it.' : `Ends by itself after ${plan.forMs / 1000} s.`),
    '',
  ];
};

const start = async (plan: BoxPlan, level: LogLevel, host: Host, screen: Screen, palette: Palette): Promise<Result<RunningProgram>> => {
  if (plan.fresh) rmSync(plan.state, { recursive: true, force: true });
  const cluster = plan.brokerUrl === undefined ? await startInProcess(plan, level, host.env) : await startProcesses(plan);
  if (!cluster.ok) return cluster;
  const { about, broken, url } = cluster.value;
  for (const line of banner(about, url, plan, palette)) screen.print(line);
  const client = apiClient(url);
  const nodeWidth = Math.max(...nodeNames.map(({ length }) => length));
  const started = systemClock.monotonic();
  const following = watch({ client, screen, palette, nodeWidth, everyMs: 200, clock: systemClock });

  let ready = false;
  const finish = async (): Promise<void> => {
    await following.end();
    const nodes = (await client.nodes().catch(() => [])).filter(({ node }) => (nodeNames as readonly string[]).includes(node));
    ready = nodes.length === nodeNames.length && nodes.every(({ phase }) => phase === 'ready');
    screen.release();
    const seconds = (systemClock.monotonic() - started) / 1000;
    for (const line of ['', ...summaryLines({ seconds, nodes, events: following.eventsSeen }, palette)]) screen.print(line);
    await cluster.value.stop();
  };
  const notReady: Failure = { code: 'timeout', message: `not every node was ready after ${(plan.forMs ?? 0) / 1000} s` };
  const over = plan.forMs === undefined ? new Promise<never>(() => undefined) : pause(systemClock, plan.forMs);
  return ok({
    escalated: broken,
    over: over.then(() => () => (ready ? undefined : notReady)),
    stop: finish,
  });
};

const main = async (host: Host): Promise<void> => {
  const plan = parsePlan(host.argv, host.env);
  if (!plan.ok) return exitWith(host, program, plan.error);
  if (plan.value === 'help') {
    process.stdout.write(boxHelp);
    return;
  }
  const level = logLevelFrom(host.env);
  if (!level.ok) return exitWith(host, program, level.error);
  const { value } = plan;
  const isTerminal = process.stdout.isTTY && host.env['NO_COLOR'] === undefined;
  const palette = isTerminal ? colours : plain;
  await runProgram(host, program, () => start(value, level.value, host, screenOn(process.stdout), palette));
};

await main(processHost);
