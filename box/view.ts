// What the cluster in a box shows. Pure: from what the API answers to lines of text.
import type { StoredEvent } from '../actors/server/ports.ts';
import type { NodeView } from '../actors/server/roster.ts';

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
const harmless = (text: string): string => text.replaceAll(/\p{Cc}/gu, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);

export const eventLine = (event: StoredEvent, nodeWidth: number, palette: Palette): string => {
  const paint = { info: asIs, warn: palette.warn, error: palette.bad }[event.level];
  const level = paint(event.level.toUpperCase().padEnd(5));
  const text = event.priority === 'low' ? palette.dim(harmless(event.message)) : harmless(event.message);
  return `${palette.dim(clockTime(event.receivedAt))}  ${harmless(event.node).padEnd(nodeWidth)}  ${level}  ${text}`;
};

const paintPhase = (phase: string, palette: Palette): ((text: string) => string) => {
  if (phase === 'ready') return palette.good;
  return phase === 'failed' ? palette.bad : palette.warn;
};

const ago = (at: number | undefined, now: number): string => (at === undefined ? 'never' : `${Math.max(0, Math.round((now - at) / 1000))} s ago`);

/** A table of the nodes, one line each, under a heading. */
export const rosterLines = (nodes: readonly NodeView[], now: number, palette: Palette): readonly string[] => {
  const width = Math.max(4, ...nodes.map(({ node }) => node.length));
  const heading = `${'node'.padEnd(width)}  ${'phase'.padEnd(10)}  ${'link'.padEnd(7)}  ${'heard'.padEnd(9)}  outbox`;
  const rows = nodes.map((node) => {
    const phase = paintPhase(node.phase, palette)(node.phase.padEnd(10));
    const link = (node.link === 'online' ? palette.good : palette.warn)(node.link.padEnd(7));
    return `${harmless(node.node).padEnd(width)}  ${phase}  ${link}  ${ago(node.lastSeenAt, now).padEnd(9)}  ${node.outbox ?? '-'}`;
  });
  return [palette.dim(heading), ...rows];
};

export interface Totals {
  readonly seconds: number;
  readonly nodes: readonly NodeView[];
  readonly events: number;
}

/** The closing lines: every node with its phase, and whether all are ready. */
export const summaryLines = ({ seconds, nodes, events }: Totals, palette: Palette): readonly string[] => {
  const width = Math.max(4, ...nodes.map(({ node }) => node.length));
  const ready = nodes.filter(({ phase }) => phase === 'ready').length;
  return [
    palette.strong(`Summary after ${Math.round(seconds)} s`),
    ...nodes.map(({ node, phase, link }) => `  ${node.padEnd(width)}  ${paintPhase(phase, palette)(phase)}  ${palette.dim(link)}`),
    `  ${ready} of ${nodes.length} nodes ready, ${events} events stored`,
  ];
};
