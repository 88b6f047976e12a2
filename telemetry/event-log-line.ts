// The line a person reads in jetpackd.log and cycle_server.log: `YYYY-MM-DD HH:MM:SS,mmm LEVEL message` (reference,
// section 3). Scripts split it at white space, so one event is always one line, whatever its message holds.
import type { LogLevel } from './log-level.ts';

/**
 * What could break a line, steer a terminal or disguise text: control characters, line and paragraph separators,
 * characters that turn the direction of writing, halves of surrogate pairs.
 */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escapeCharacter = (character: string): string => {
  const code = character.charCodeAt(0);
  return short[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`);
};

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** Local time, as the original's Python logging writes it and as the other logs of the machine have it. */
const timestamp = (at: number): string => {
  const time = new Date(at);
  const date = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  return `${date} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())},${pad(time.getMilliseconds(), 3)}`;
};

/** One line with its newline. `at` is milliseconds since the epoch. */
export const eventLogLine = (at: number, level: LogLevel, message: string): string =>
  `${timestamp(at)} ${level.toUpperCase()} ${message.replace(unsafe, escapeCharacter)}\n`;
