// The whole cluster in this process, on the embedded broker.
import path from 'node:path';
import { systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { startNode, type RunningNode } from '../node/daemon.ts';
import { version } from '../node/version.ts';
import { ok, type Result } from '../protocol/result.ts';
import { startServer } from '../server/daemon.ts';
import { LogFile } from '../telemetry/log-file.ts';
import type { LogLevel } from '../telemetry/log-level.ts';
import { lineLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import { createEmbeddedBroker } from '../transport/embedded/broker.ts';
import type { Cluster } from './cluster.ts';
import { clusterName, nodeHome, nodeNames, serverHome, type BoxPlan } from './plan.ts';

const prefix = 'jetpack';
/** Quicker than a real cluster's, so that a person sees them. */
const times = { heartbeatMs: 2_000, registerAgainMs: 200 };

export const startInProcess = async (plan: BoxPlan, level: LogLevel, env: Readonly<Record<string, string | undefined>>): Promise<Result<Cluster>> => {
  const clock = systemClock;
  const random = systemRandom;
  const sink = new LogFile({ path: path.join(plan.state, 'box.log'), clock, onProblem: () => undefined });
  const logger = lineLogger({ sink, level, clock });
  const telemetry = await startTelemetry({ serviceName: 'jetpack-box', version, env, program: 'daemon', logger, clock });
  const metrics = createMetrics(clock);
  const broker = createEmbeddedBroker({ clock });
  const nodes: RunningNode[] = [];
  const end = async (server?: { stop(): Promise<void> }): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await server?.stop();
    await telemetry.shutdown();
    await sink.close();
  };

  const surroundings = (name: string) => ({
    openTransport: (topology: Parameters<Parameters<typeof startNode>[1]['openTransport']>[0]) => broker.connect({ name, topology }),
    metrics,
    clock,
    random,
    logger: logger.child({ program: name }),
  });
  const server = startServer({ home: serverHome(plan), name: 'box', prefix, listen: { host: '127.0.0.1', port: 0 } }, surroundings('cycle-server'));
  if (!server.ok) {
    await end();
    return server;
  }
  for (const name of nodeNames) {
    const facts = { instanceId: `box-${name}`, hostname: name, version, pid: process.pid };
    const node = startNode({ home: nodeHome(plan, name), address: { cluster: clusterName, node: name }, prefix, times, facts }, surroundings(name));
    if (!node.ok) {
      await end(server.value);
      return node;
    }
    nodes.push(node.value);
  }
  await Promise.all(nodes.map((node) => node.serving));
  return ok({
    url: await server.value.listening,
    about: 'one server and three nodes in this process, on the embedded broker',
    broken: Promise.race([server.value, ...nodes].map(({ escalated }) => escalated)),
    stop: () => end(server.value),
  });
};
