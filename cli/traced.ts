// A run of the command line as a span. Loaded only when traces are wanted: the SDK takes longer to start than all the rest.
import type { Clock } from '../effects/clock.ts';
import { errors } from '../protocol/errors.ts';
import type { Result } from '../protocol/result.ts';
import type { TraceContext } from '../protocol/trace.ts';
import { startTelemetry } from '../telemetry/sdk.ts';
import { withSpan } from '../telemetry/span.ts';
import { commandSpan, recordExit } from '../telemetry/spans.ts';

export interface TracedRun {
  readonly command: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly parent: TraceContext | undefined;
  readonly clock: Clock;
  /** Takes one line when the spans cannot be exported. */
  readonly warn: (message: string) => void;
}

/** Runs `work` in a span of its own and exports that, within a second, before it answers. */
export const traced = async <T>(run: TracedRun, work: (trace: TraceContext | undefined) => Promise<Result<T>>): Promise<Result<T>> => {
  const { command, version, env, parent, clock, warn } = run;
  const telemetry = await startTelemetry({ serviceName: 'jetpack', version, env, program: 'command', clock, logger: { warn, debug: () => undefined } });
  try {
    return await withSpan(commandSpan(command, parent), async (span) => {
      const outcome = await work(span.trace);
      if (outcome.ok) recordExit(span, 0, undefined);
      else recordExit(span, errors[outcome.error.code].exit, outcome.error.code);
      return outcome;
    });
  } finally {
    await telemetry.shutdown();
  }
};
