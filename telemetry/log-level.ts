// Levels of log lines, and the one variable that chooses them.
import { fail, ok, type Result } from '../protocol/result.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** `JETPACK_LOG_LEVEL`, `info` when it is not set. Lines below it are not written. */
export const logLevelFrom = (env: Readonly<Record<string, string | undefined>>): Result<LogLevel> => {
  const wanted = env['JETPACK_LOG_LEVEL'] ?? 'info';
  const level = logLevels.find((name) => name === wanted);
  return level === undefined
    ? fail('config_invalid', `JETPACK_LOG_LEVEL is ${JSON.stringify(wanted)}: it takes ${logLevels.join(', ')}`)
    : ok(level);
};

export const reaches = (level: LogLevel, threshold: LogLevel): boolean => logLevels.indexOf(level) >= logLevels.indexOf(threshold);
