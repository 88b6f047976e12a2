// logs/jetpack.log: what converges do, in the file where people look for it (reference, sections 3 and 8). The daemon's own log has
// the same lines.
import path from 'node:path';
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { LogFile } from '../telemetry/log-file.ts';
import { bothLoggers, lineLogger } from '../telemetry/logger.ts';
import type { HomePaths } from './home/paths.ts';
import type { ProgramLog } from './program-log.ts';

export const openConvergeLog = (paths: HomePaths, logger: Logger, clock: Clock): ProgramLog => {
  const sink = new LogFile({ path: path.join(paths.logs, 'jetpack.log'), clock, onProblem: (reason) => logger.warn(reason) });
  return { logger: bothLoggers(logger, lineLogger({ sink, level: 'info', clock })), close: () => sink.close() };
};
