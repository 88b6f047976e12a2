// Starts what records and exports telemetry. The only file that imports OpenTelemetry's SDK, and only when an endpoint is
// set: everything else speaks to the API, which does nothing until then.
//
// Configuration is the standard `OTEL_*` variables and nothing else. `env` decides whether to start; the SDK then reads
// the same variables from the process. Exporting is OTLP over HTTP. A signal without an endpoint is not exported: the SDK's
// own default, a collector on localhost, would have every machine knock at a closed port.
import { context, diag, DiagLogLevel } from '@opentelemetry/api';
import { pause, type Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { limits } from '../protocol/limits.ts';
import type { resource } from './semconv.ts';
import { settledAttributes } from './settled-attributes.ts';

export interface TelemetryOptions {
  readonly serviceName: string;
  readonly version: string;
  /** Tells programs of one name apart; by default, and for each run, a random one. */
  readonly instance?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A command exports traces only, and loads nothing at all when none are wanted; a daemon's log lines name their trace even then. */
  readonly program: 'command' | 'daemon';
  /** Takes one line when exporting fails. */
  readonly logger: Pick<Logger, 'warn' | 'debug'>;
  readonly clock: Clock;
}

export interface Telemetry {
  /**
   * Exports what is left. Always resolves, within 1 s for a command and 1.5 s for a daemon, whose whole stop may take 5 s.
   * An export still under way then would keep the process alive for its own time-out, so the caller exits on purpose.
   */
  shutdown(): Promise<void>;
}

type Env = TelemetryOptions['env'];

const shutdownMs = { command: 1000, daemon: 1500 } as const;

const isWanted = (env: Env, signal: 'TRACES' | 'METRICS'): boolean =>
  env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true' &&
  env[`OTEL_${signal}_EXPORTER`] !== 'none' &&
  [env['OTEL_EXPORTER_OTLP_ENDPOINT'], env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]].some((endpoint) => endpoint !== undefined && endpoint !== '');

/** The SDK's own complaints: the first is a warning, the others are for those who look closely. */
const reportProblems = (logger: TelemetryOptions['logger']): void => {
  let told = false;
  const report = (message: string, ...details: readonly unknown[]): void => {
    const line = `telemetry: ${[message, ...details].map(String).join(' ')}`;
    if (told) logger.debug(line);
    else logger.warn(line);
    told = true;
  };
  const ignore = (): void => undefined;
  diag.setLogger({ error: report, warn: report, info: ignore, debug: ignore, verbose: ignore }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
};

const enterContextsOnly = async (): Promise<Telemetry> => {
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  return {
    async shutdown() {
      context.disable();
    },
  };
};

export const startTelemetry = async (options: TelemetryOptions): Promise<Telemetry> => {
  const { env, program, logger, clock } = options;
  const traces = isWanted(env, 'TRACES');
  const metrics = program === 'daemon' && isWanted(env, 'METRICS');
  if (!traces && !metrics) return program === 'daemon' ? enterContextsOnly() : { shutdown: async () => undefined };

  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const resources = await import('@opentelemetry/resources');
  const named = {
    'service.name': options.serviceName,
    'service.version': options.version,
    ...(options.instance === undefined ? {} : { 'service.instance.id': options.instance }),
  } satisfies Partial<Record<keyof typeof resource, string>>;
  const host = await settledAttributes(resources.hostDetector.detect().attributes ?? {});
  const sdk = new NodeSDK({
    resource: resources.defaultResource().merge(resources.resourceFromAttributes({ ...host, ...named })),
    // Not the process detector: it exports the command line, which may hold secrets.
    resourceDetectors: [
      ...(options.instance === undefined ? [resources.serviceInstanceIdDetector] : []),
      resources.serviceNameEnvDetector,
      resources.resourceAttributesEnvDetector,
    ],
    // A batch links to each of its events; the default of 128 links would drop some.
    spanLimits: env['OTEL_SPAN_LINK_COUNT_LIMIT'] === undefined ? { linkCountLimit: limits.eventsPerFrame } : {},
    textMapPropagator: null,
    logRecordProcessors: [],
    ...(traces ? {} : { spanProcessors: [] }),
    ...(metrics ? {} : { metricReaders: [] }),
  });
  // After the SDK's constructor, which would otherwise put a logger of its own on standard output.
  reportProblems(logger);
  sdk.start();
  return {
    async shutdown() {
      const done = new AbortController();
      const finished = sdk
        .shutdown()
        .catch((error: unknown) => diag.error('the last export failed', String(error)))
        .finally(() => done.abort());
      await Promise.race([finished, pause(clock, shutdownMs[program], done.signal)]);
    },
  };
};
