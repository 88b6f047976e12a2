import type { Failure } from '../protocol/result.ts';

/** A line longer than this is cut: an argument may have a hundred thousand bytes. */
const longest = 500;

/** No more of a text is looked at: breaks with spaces around them, however many, are one space of the line. */
const looked = 8 * longest;

/** What moves a terminal's cursor, ends a line or turns the direction of the text. */
export const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A break, from the first space before it to the last after it. Only at a first space does it begin, so each is looked at once. */
const lineBreak = /(?<!\s)[^\S\r\n]*[\r\n]\s*/g;

/** Text from anywhere as one printable line. */
export const printable = (text: string): string => {
  const line = text.slice(0, looked).replaceAll(lineBreak, ' ').replaceAll(unprintable, '\u{FFFD}');
  return line.length <= longest && text.length <= looked ? line : `${line.slice(0, longest)}…`;
};

/** What a command says on standard error. */
export const say = (command: string, text: string): string => `${printable(`${command}: ${text}`)}\n`;

/** A failure as that line: one of usage points to the help, any other ends with its code (docs/ERRORS.md). */
export const sayFailure = (command: string, { code, message }: Failure): string =>
  say(command, code === 'usage' ? `${message}; see ${command} --help` : `${message} (${code})`);

/** Text from anywhere as lines of a terminal: nothing in it moves the cursor, turns the direction or hides the rest. */
export const harmlessLines = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split(/\r\n|\n|\r/)
    .map((line) => line.replaceAll('\t', '    ').replaceAll(unprintable, '\u{FFFD}'));
