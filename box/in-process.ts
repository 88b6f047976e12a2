// The whole cluster in this process, on the embedded broker.
import path from 'node:path';
import { systemBootClock } from '../effects/boot-clock.ts';
import { backgroundClock, systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { startNode, type RunningNode } from '../node/daemon.ts';
import { nodeTimes } from '../node/times.ts';
import { binFolder, version } from '../node/version.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import { startServer, type RunningServer } from '../server/daemon.ts';
import { LogFile } from '../telemetry/log-file.ts';
import type { LogLevel } from '../telemetry/log-level.ts';
import { lineLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import { createEmbeddedBroker } from '../transport/embedded/broker.ts';
import type { Topology } from '../transport/topology.ts';
import { apiClient } from './api-client.ts';
import type { Cluster } from './cluster.ts';
import { clusterName, logFolder, nodeHome, nodeNames, serverHome } from './plan.ts';

/** Nobody else is on this broker. */
const prefix = 'jetpack';
/** Quicker than a real cluster's, so that a person sees them. */
const times = { ...nodeTimes, heartbeatMs: 1_000, registerAgainMs: 200 };

/** What `running` resolves with, unless the part it belongs to gives up first. */
const unless = <T>(gaveUp: Promise<Failure>, running: Promise<T>): Promise<Result<T>> =>
  Promise.race([gaveUp.then((error) => ({ ok: false, error }) as const), running.then(ok)]);

export const startInProcess = async (state: string, level: LogLevel, env: Readonly<Record<string, string | undefined>>): Promise<Result<Cluster>> => {
  const clock = systemClock;
  const random = systemRandom;
  const sink = new LogFile({ path: path.join(logFolder(state), 'box.log'), clock, onProblem: () => undefined });
  const logger = lineLogger({ sink, level, clock });
  const telemetry = await startTelemetry({ serviceName: 'jetpack-box', version, env, program: 'daemon', logger, clock });
  const metrics = createMetrics(clock);
  const broker = createEmbeddedBroker({ clock: backgroundClock });
  const nodes: RunningNode[] = [];
  let server: RunningServer | undefined;

  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await server?.stop();
    await telemetry.shutdown();
    await sink.close();
  };
  const stopFor = async <T>(failed: T): Promise<T> => {
    await stop();
    return failed;
  };
  const around = (name: string) => ({
    openTransport: (topology: Topology) => broker.connect({ name, topology }),
    metrics,
    clock,
    random,
    logger: logger.child({ program: name }),
  });

  const started = startServer({ home: serverHome(state), name: 'box', prefix, listen: { host: '127.0.0.1', port: 0 } }, around('cycle-server'));
  if (!started.ok) return stopFor(started);
  server = started.value;
  const listening = await unless(server.escalated, server.listening);
  if (!listening.ok) return stopFor(listening);
  const url = listening.value;
  const after = await apiClient(url).newest();
  if (!after.ok) return stopFor(after);

  for (const name of nodeNames) {
    const facts = { instanceId: `box-${name}`, hostname: name, version, pid: process.pid };
    const node = startNode({ home: nodeHome(state, name), address: { cluster: clusterName, node: name }, prefix, binFolder, times, facts }, { ...around(name), env, bootClock: systemBootClock });
    if (!node.ok) return stopFor(node);
    nodes.push(node.value);
  }
  const broken = Promise.race([server, ...nodes].map(({ escalated }) => escalated));
  const serving = await unless(broken, Promise.all(nodes.map((node) => node.serving)));
  if (!serving.ok) return stopFor(serving);
  return ok({ url, after: after.value, about: 'one server and three nodes in this process, on the embedded broker', broken, stop });
};
