// Where a long-running program's log goes: JSON lines on standard error, for systemd and containers, and a bounded file for
// people.
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { LogFile } from '../telemetry/log-file.ts';
import type { LogLevel } from '../telemetry/log-level.ts';
import { bothLoggers, jsonLogger, lineLogger } from '../telemetry/logger.ts';
import { standardError } from '../telemetry/standard-error.ts';

export interface ProgramLog {
  readonly logger: Logger;
  close(): Promise<void>;
}

export const openProgramLog = (file: string, level: LogLevel, clock: Clock): ProgramLog => {
  const gap = (lines: number): string => `${JSON.stringify({ level: 'warn', time: new Date(clock.now()).toISOString(), message: `${lines} lines are missing here: nobody read what came before` })}\n`;
  const errors = jsonLogger({ sink: standardError({ gap }), level, clock });
  const sink = new LogFile({ path: file, clock, onProblem: (reason) => errors.warn(reason) });
  return { logger: bothLoggers(errors, lineLogger({ sink, level, clock })), close: () => sink.close() };
};
