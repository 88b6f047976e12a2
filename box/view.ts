// How the cluster in a box shows what happens: events, cards, the broker. Pure: from what the API answers to lines of text.
import { unprintable } from '../commands/line.ts';
import type { StoredEvent } from '../actors/server/ports.ts';
import type { NodeView } from '../actors/server/roster.ts';
import { cardText } from '../commands/card-text.ts';
import type { Card } from '../protocol/card.ts';
import type { ConnectionState } from '../transport/port.ts';

export interface Palette {
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly strong: (text: string) => string;
}

const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const asIs = (text: string): string => text;

export const colours: Palette = { dim: sgr(2), good: sgr(32), warn: sgr(33), bad: sgr(31), strong: sgr(1) };
export const plain: Palette = { dim: asIs, good: asIs, warn: asIs, bad: asIs, strong: asIs };

const clockTime = (at: number): string => {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

/** Text of a node, made harmless for a terminal: one line, no control sequences. */
export const harmless = (text: string): string => text.replaceAll(unprintable, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);

/** A message may be a megabyte; the store has all of it. */
const longest = 1_000;

const shortened = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length.toLocaleString('en')} characters)`);

export const eventLine = (event: StoredEvent, nodeWidth: number, palette: Palette): string => {
  const paint = { info: asIs, warn: palette.warn, error: palette.bad }[event.level];
  const level = paint(event.level.toUpperCase().padEnd(5));
  const message = harmless(shortened(event.message));
  const text = event.priority === 'low' ? palette.dim(message) : message;
  return `${palette.dim(clockTime(event.receivedAt))}  ${harmless(event.node).padEnd(nodeWidth)}  ${level}  ${text}`;
};

/** What went wrong on a node, set off from the lines of events. */
export const cardLines = (node: string, card: Card, palette: Palette): readonly string[] => {
  const lines = cardText(card).trimEnd().split('\n');
  return ['', palette.bad(palette.strong(`${harmless(node)} failed`)), ...lines.map((line) => `  ${line}`), ''];
};

/** The named nodes in their order, then any others in the server's. */
export const inOrder = (nodes: readonly NodeView[], names: readonly string[]): readonly NodeView[] => {
  const rank = ({ node }: NodeView): number => (names.includes(node) ? names.indexOf(node) : names.length);
  return nodes.toSorted((one, other) => rank(one) - rank(other));
};

/** What a person should know of the broker: nothing while it serves. */
export const brokerLines = (broker: ConnectionState, palette: Palette): readonly string[] => {
  switch (broker) {
    case 'connected':
      return [];
    case 'blocked':
      return [palette.warn('The broker takes no messages for now: the nodes keep what they accept until it does.')];
    case 'connecting':
    case 'failed':
    case 'closed':
      return [palette.warn('The server has no connection to the broker: the nodes keep what they accept until it has.')];
  }
};
