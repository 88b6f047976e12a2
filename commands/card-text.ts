import type { Card } from '../protocol/card.ts';
import { harmlessLines } from './line.ts';

/** Text from anywhere as one line, of any length. */
export const oneLine = (text: string): string => harmlessLines(text).join(' ');

/** A card for a person: several lines, each ended. */
export const cardText = ({ log, output, recommendation, summary }: Card): string => {
  const written = output === undefined || output.trim() === '' ? [] : ['  The end of its output:', ...harmlessLines(output).map((line) => `  | ${line}`)];
  const all = log === undefined ? [] : [`  All of it: ${oneLine(log)}`];
  return [oneLine(summary), ...written, ...all, `  What to do: ${oneLine(recommendation)}`].map((line) => `${line.trimEnd()}\n`).join('');
};
