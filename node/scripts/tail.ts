// The end of what a script wrote, as text that may go anywhere: valid Unicode, no control characters but tabs and line ends.
import { stripVTControlCharacters } from 'node:util';

const mostBytes = 4 * 1024;
const mostLines = 40;

/** A sequence of UTF-8 is so long at most. */
const longestCharacter = 4;

/** Kept: what the text may need, and a character more, for the first one may be cut. */
const keptBytes = mostBytes + longestCharacter;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** The longest end of the text that takes no more than `bytes`, cut between characters. */
const endOf = (text: string, bytes: number): string => {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let start = encoded.length - bytes;
  while (isContinuation(encoded[start])) start += 1;
  return encoded.toString('utf8', start);
};

export class Tail {
  #end: Buffer = Buffer.alloc(0);
  #cut = false;

  take(chunk: Buffer): void {
    const whole = Buffer.concat([this.#end, chunk.length > keptBytes ? chunk.subarray(-keptBytes) : chunk]);
    this.#cut ||= chunk.length > keptBytes || whole.length > keptBytes;
    // A copy, or a few kilobytes would hold on to the whole buffer they came in.
    this.#end = whole.length > keptBytes ? Buffer.from(whole.subarray(-keptBytes)) : whole;
  }

  text(): string {
    let start = 0;
    if (this.#cut) while (start < longestCharacter && isContinuation(this.#end[start])) start += 1;
    const lines = stripVTControlCharacters(this.#end.toString('utf8', start))
      .replaceAll(/\r+\n/g, '\n')
      .replaceAll(/[^\P{Cc}\n\t]/gu, '\u{FFFD}')
      .replace(/\n+$/, '')
      .split('\n');
    return endOf(lines.slice(-mostLines).join('\n'), mostBytes);
  }
}
