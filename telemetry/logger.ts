// The loggers of the three programs: JSON for machines, plain lines for people. Both take what `effects/logger.ts` says,
// both leave out secrets, and both name the trace that is being worked in, if there is one.
import pino, { type Logger as Pino } from 'pino';
import type { Clock } from '../effects/clock.ts';
import type { LogFields, Logger } from '../effects/logger.ts';
import { eventLogLine } from './event-log-line.ts';
import { reaches, type LogLevel } from './log-level.ts';
import { scrub, scrubText } from './scrub.ts';
import { activeSpanContext } from './span-context.ts';

/** Where lines go. It must not throw. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly sink: LogSink;
  readonly level: LogLevel;
  readonly clock: Clock;
}

const traceFields = (): Record<string, string> => {
  const active = activeSpanContext();
  if (active === undefined) return {};
  return { trace_id: active.traceId, span_id: active.spanId, trace_flags: active.traceFlags.toString(16).padStart(2, '0') };
};

const overPino = (root: Pino): Logger => ({
  debug: (message, fields = {}) => root.debug(fields, scrubText(message)),
  info: (message, fields = {}) => root.info(fields, scrubText(message)),
  warn: (message, fields = {}) => root.warn(fields, scrubText(message)),
  error: (message, fields = {}) => root.error(fields, scrubText(message)),
  // pino applies its formatter of bindings to the first logger alone.
  child: (fields) => overPino(root.child(scrub(fields))),
});

/** One JSON object a line: `level`, `time`, the fields, `trace_id`, `span_id` and `trace_flags` in a trace, `message`. */
export const jsonLogger = ({ sink, level, clock }: LoggerOptions): Logger =>
  overPino(
    pino(
      {
        level,
        base: null,
        messageKey: 'message',
        timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
        mixin: traceFields,
        formatters: { level: (label) => ({ level: label }), log: scrub },
        // What `scrub` made of an error is what is written; pino's own serializer would take it for an error and add to it.
        serializers: { err: (error: unknown) => error },
      },
      sink,
    ),
  );

const printable = (value: unknown): string => (typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : (JSON.stringify(value) ?? ''));

/** The line of `event-log-line.ts`, its fields after the message as `name=value`. */
export const lineLogger = ({ sink, level: threshold, clock }: LoggerOptions, bound: LogFields = {}): Logger => {
  const at =
    (level: LogLevel): Logger['info'] =>
    (message, fields) => {
      if (!reaches(level, threshold)) return;
      const named = Object.entries({ ...scrub({ ...bound, ...fields }), ...traceFields() });
      const tail = named.map(([name, value]) => ` ${name}=${printable(value)}`).join('');
      sink.write(eventLogLine(clock.now(), level, scrubText(message) + tail));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => lineLogger({ sink, level: threshold, clock }, { ...bound, ...fields }),
  };
};

/** Writes every line with all of these. */
export const bothLoggers = (first: Logger, second: Logger): Logger => ({
  debug(message, fields) {
    first.debug(message, fields);
    second.debug(message, fields);
  },
  info(message, fields) {
    first.info(message, fields);
    second.info(message, fields);
  },
  warn(message, fields) {
    first.warn(message, fields);
    second.warn(message, fields);
  },
  error(message, fields) {
    first.error(message, fields);
    second.error(message, fields);
  },
  child: (fields) => bothLoggers(first.child(fields), second.child(fields)),
});
