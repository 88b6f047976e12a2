// cycle-server as a process. Says one line on standard output when its API listens; its log goes to standard error and
// logs/cycle-server.log, the event log to cycle_server.log.
import path from 'node:path';
import { systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { openProgramLog } from '../node/program-log.ts';
import { version } from '../node/version.ts';
import { ok, type Result } from '../protocol/result.ts';
import { exitWith, processHost, runProgram, type Host, type RunningProgram } from '../supervisors/program.ts';
import { logLevelFrom, type LogLevel } from '../telemetry/log-level.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import { connectAmqp } from '../transport/amqp/transport.ts';
import { startServer } from './daemon.ts';
import { cycleServerHelp, parseServerOptions, type ServerOptions } from './options.ts';

const start = async ({ home, name, brokerUrl, prefix, listen }: ServerOptions, level: LogLevel, host: Host): Promise<Result<RunningProgram>> => {
  const clock = systemClock;
  const random = systemRandom;
  const log = openProgramLog(path.join(home, 'logs', 'cycle-server.log'), level, clock);
  const { logger } = log;
  const telemetry = await startTelemetry({ serviceName: 'cycle-server', version, env: host.env, program: 'daemon', logger, clock });
  const server = startServer(
    { home, name, prefix, listen },
    {
      openTransport: (topology) => connectAmqp({ name: `cycle-server ${name}`, topology, url: brokerUrl, clock, random }),
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
  if (!server.ok) {
    await close();
    return server;
  }
  void server.value.listening.then((url) => process.stdout.write(`cycle-server listens on ${url}\n`));
  return ok({
    escalated: server.value.escalated,
    stop: async () => {
      await server.value.stop();
      await close();
    },
  });
};

const main = async (host: Host): Promise<void> => {
  const options = parseServerOptions(host.argv, host.env);
  if (!options.ok) return exitWith(host, 'cycle-server', options.error);
  if (options.value === 'help') {
    process.stdout.write(cycleServerHelp);
    return;
  }
  const level = logLevelFrom(host.env);
  if (!level.ok) return exitWith(host, 'cycle-server', level.error);
  const { value } = options;
  await runProgram(host, 'cycle-server', () => start(value, level.value, host));
};

await main(processHost);
