import type { Failure } from '../protocol/result.ts';

/** A line longer than this is cut: an argument may have a hundred thousand bytes. */
const longest = 500;

/** Text from anywhere as one printable line. */
export const printable = (text: string): string => {
  const line = text.replaceAll(/\s*[\r\n]+\s*/g, ' ').replaceAll(/\p{Cc}/gu, '\u{FFFD}');
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
};

/** What a command says on standard error. */
export const say = (command: string, text: string): string => `${printable(`${command}: ${text}`)}\n`;

/** A failure as that line: one of usage points to the help, any other ends with its code (docs/ERRORS.md). */
export const sayFailure = (command: string, { code, message }: Failure): string =>
  say(command, code === 'usage' ? `${message}; see ${command} --help` : `${message} (${code})`);
