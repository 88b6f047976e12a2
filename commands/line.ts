import type { Failure } from '../protocol/result.ts';

/** A line longer than this is cut: an argument may have a hundred thousand bytes. */
const longest = 500;

/** Of a line that is cut so much stays of its begin and its end: what is right, and the code, stand behind what was given. */
const kept = { begin: 300, end: 200 } as const;

/** No more of a text is looked at from either end: breaks with spaces around them, however many, are one space of the line. */
const looked = 8 * longest;

/** What moves a terminal's cursor, ends a line or turns the direction of the text. */
export const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A break, from the first space before it to the last after it. Only at a first space does it begin, so each is looked at once. */
const lineBreak = /(?<!\s)[^\S\r\n]*[\r\n]\s*/g;

const oneLine = (text: string): string => text.replaceAll(lineBreak, ' ').replaceAll(unprintable, '\u{FFFD}');

/** Text from anywhere as one printable line; the middle of a long one is left out. */
export const printable = (text: string): string => {
  const isWhole = text.length <= looked;
  const begin = oneLine(text.slice(0, looked));
  if (isWhole && begin.length <= longest) return begin;
  const end = isWhole ? begin : oneLine(text.slice(-looked));
  return `${begin.slice(0, kept.begin)}…${end.slice(-kept.end)}`;
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
