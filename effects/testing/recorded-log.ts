// What was logged, for tests.
import type { LogFields, Logger } from '../logger.ts';

export interface RecordedLog {
  readonly logger: Logger;
  /** `level: message`, in order. */
  readonly lines: readonly string[];
  /** The fields of each line, its logger's own first. */
  readonly fields: readonly LogFields[];
}

export const recordLog = (): RecordedLog => {
  const lines: string[] = [];
  const fields: LogFields[] = [];
  const loggerWith = (own: LogFields): Logger => {
    const at =
      (level: string): Logger['info'] =>
      (message, more) => {
        lines.push(`${level}: ${message}`);
        fields.push({ ...own, ...more });
      };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: (more) => loggerWith({ ...own, ...more }) };
  };
  return { logger: loggerWith({}), lines, fields };
};
