// jetpackd as a process. Says one line on standard output when it serves; its log goes to standard error and logs/jetpackd.log.
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { ok, type Result } from '../protocol/result.ts';
import { exitWith, processHost, runProgram, type Host, type RunningProgram } from '../supervisors/program.ts';
import { logLevelFrom, type LogLevel } from '../telemetry/log-level.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import { connectAmqp } from '../transport/amqp/transport.ts';
import { startNode } from './daemon.ts';
import { homePaths } from './home/paths.ts';
import { jetpackdHelp, parseNodeOptions, type NodeOptions } from './options.ts';
import { openProgramLog } from './program-log.ts';
import { version } from './version.ts';

const times = { heartbeatMs: 10_000, registerAgainMs: 1_000 };

const start = async ({ home, address, instanceId, brokerUrl, prefix }: NodeOptions, level: LogLevel, host: Host): Promise<Result<RunningProgram>> => {
  const clock = systemClock;
  const random = systemRandom;
  const log = openProgramLog(path.join(homePaths(home).logs, 'jetpackd.log'), level, clock);
  const { logger } = log;
  const telemetry = await startTelemetry({ serviceName: 'jetpackd', version, env: host.env, program: 'daemon', logger, clock });
  const node = startNode(
    { home, address, prefix, times, facts: { instanceId, hostname: os.hostname(), version, pid: process.pid } },
    {
      openTransport: (topology) =>
        connectAmqp({ name: `jetpackd ${address.cluster}/${address.node}`, topology, url: brokerUrl, clock, random }),
      metrics: createMetrics(clock),
      clock,
      random,
      logger,
    },
  );
  const close = async (): Promise<void> => {
    await telemetry.shutdown();
    await log.close();
  };
  if (!node.ok) {
    await close();
    return node;
  }
  void node.value.serving.then(() => process.stdout.write(`jetpackd serves ${home} as ${address.cluster}/${address.node}\n`));
  return ok({
    escalated: node.value.escalated,
    stop: async () => {
      await node.value.stop();
      await close();
    },
  });
};

const main = async (host: Host): Promise<void> => {
  const options = parseNodeOptions(host.argv, host.env);
  if (!options.ok) return exitWith(host, 'jetpackd', options.error);
  if (options.value === 'help') {
    process.stdout.write(jetpackdHelp);
    return;
  }
  const level = logLevelFrom(host.env);
  if (!level.ok) return exitWith(host, 'jetpackd', level.error);
  const { value } = options;
  await runProgram(host, 'jetpackd', () => start(value, level.value, host));
};

await main(processHost);
