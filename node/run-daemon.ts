// What jetpackd and cycle-server have in common as processes: options, log, telemetry, one line on standard output when they
// serve, and an orderly end.
import { systemClock, type Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { systemRandom, type Random } from '../effects/random.ts';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import { exitWith, runProgram, type Host, type RunningProgram } from '../supervisors/program.ts';
import { logLevelFrom, type LogLevel } from '../telemetry/log-level.ts';
import { measureEventLoop } from '../telemetry/event-loop.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import { openProgramLog } from './program-log.ts';
import { version } from './version.ts';

export interface DaemonSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface StartedDaemon {
  /** Resolves, once it serves, with what it says then: one line. */
  readonly serving: Promise<string>;
  readonly escalated: Promise<Failure>;
  stop(): Promise<void>;
}

export interface Daemon<O> {
  readonly name: string;
  readonly help: string;
  parse(argv: readonly string[], env: Host['env']): Result<O | 'help'>;
  logFile(options: O): string;
  /** Tells several of one name apart, in telemetry. */
  instance(options: O): string;
  /** `stopping` is aborted when the process is told to end: whatever takes long here ends with it. */
  start(options: O, around: DaemonSurroundings, stopping: AbortSignal): Result<StartedDaemon> | Promise<Result<StartedDaemon>>;
}

/** What was told to end before it began. */
export const neverBegan: StartedDaemon = { serving: new Promise(() => undefined), escalated: new Promise(() => undefined), stop: () => Promise.resolve() };

const start = async <O>(daemon: Daemon<O>, options: O, level: LogLevel, host: Host, stopping: AbortSignal): Promise<Result<RunningProgram>> => {
  const clock = systemClock;
  const log = openProgramLog(daemon.logFile(options), level, clock);
  const { logger } = log;
  const instance = daemon.instance(options);
  const telemetry = await startTelemetry({ serviceName: daemon.name, version, instance, env: host.env, program: 'daemon', logger, clock });
  const metrics = createMetrics(clock);
  if (metrics.isExported) metrics.observe({ eventLoop: measureEventLoop(clock) });
  const started = await daemon.start(options, { clock, random: systemRandom, logger, metrics }, stopping);
  const close = async (): Promise<void> => {
    await telemetry.shutdown();
    await log.close();
  };
  if (!started.ok) {
    await close();
    return started;
  }
  void started.value.serving.then((line) => host.stdout(`${line}\n`));
  return ok({
    escalated: started.value.escalated,
    async stop() {
      await started.value.stop();
      await close();
    },
  });
};

export const runDaemon = async <O>(daemon: Daemon<O>, host: Host): Promise<void> => {
  if (host.argv.length === 1 && host.argv[0] === '--version') {
    host.stdout(`${version}\n`);
    return;
  }
  const options = daemon.parse(host.argv, host.env);
  if (!options.ok) return exitWith(host, daemon.name, options.error);
  const { value } = options;
  if (value === 'help') {
    host.stdout(daemon.help);
    return;
  }
  const level = logLevelFrom(host.env);
  if (!level.ok) return exitWith(host, daemon.name, level.error);
  await runProgram(host, daemon.name, (stopping) => start(daemon, value, level.value, host, stopping));
};
