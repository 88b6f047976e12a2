// The roster as the live view shows it: a table, one line a node, and below it what a person should not overlook.
import type { NodeView } from '../actors/server/roster.ts';
import { localTime } from '../commands/local-time.ts';
import { harmless, type Palette } from './view.ts';

type Paint = (text: string) => string;

interface Cell {
  readonly text: string;
  readonly paint: Paint;
}

const asIs: Paint = (text) => text;

export const paintPhase = (phase: string, palette: Palette): Paint => {
  if (phase === 'ready') return palette.good;
  return phase === 'failed' ? palette.bad : palette.warn;
};

const ago = (at: number | undefined, now: number): string => (at === undefined ? 'never' : `${Math.max(0, Math.round((now - at) / 1000))} s ago`);

const barWidth = 10;

export const bar = (done: number, total: number): string => {
  const filled = total === 0 ? 0 : Math.min(barWidth, Math.floor((done / total) * barWidth));
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
};

/** A script's name is what tells most, so what is cut from a step is its beginning. */
const longestStep = 32;

const shortStep = (step: string): string => {
  const text = harmless(step);
  return text.length <= longestStep ? text : `…${text.slice(text.length - longestStep + 1)}`;
};

const convergeCell = ({ converge }: NodeView, bars: boolean, palette: Palette): Cell => {
  if (converge === undefined) return { text: '-', paint: asIs };
  const { done, outcome, step, total } = converge;
  const count = `${done}/${total}`;
  switch (outcome) {
    case 'running':
      return { text: [...(bars ? [bar(done, total)] : []), count, ...(step === undefined ? [] : [shortStep(step)])].join(' '), paint: palette.warn };
    case 'succeeded':
      return { text: total === 0 ? 'nothing to do' : `${count} done`, paint: palette.good };
    case 'failed':
      return { text: `${count}, failed`, paint: palette.bad };
  }
};

/** The worst of what the checks found; what is not applicable is not told. */
export const healthOf = ({ conditions, termination }: NodeView): string => {
  if (termination !== undefined) return 'would terminate';
  const count = (wanted: string): number => conditions.filter(({ status }) => status === wanted).length;
  for (const status of ['Error', 'Unknown', 'Warning']) {
    if (count(status) > 0) return `${count(status)} ${status.toLowerCase()}`;
  }
  return count('OK') > 0 ? 'ok' : '-';
};

const paintHealth = (health: string, palette: Palette): Paint => {
  if (health === '-') return asIs;
  if (health === 'ok') return palette.good;
  return health === 'would terminate' || health.endsWith('error') ? palette.bad : palette.warn;
};

const cellsOf = (node: NodeView, now: number, bars: boolean, palette: Palette): readonly Cell[] => {
  const health = healthOf(node);
  return [
    { text: harmless(node.node), paint: asIs },
    { text: harmless(node.phase), paint: paintPhase(node.phase, palette) },
    convergeCell(node, bars, palette),
    { text: health, paint: paintHealth(health, palette) },
    { text: node.link, paint: node.link === 'online' ? palette.good : palette.warn },
    { text: ago(node.lastSeenAt, now), paint: asIs },
    { text: String(node.outbox ?? '-'), paint: asIs },
  ];
};

const headings = ['node', 'phase', 'converge', 'health', 'link', 'heard', 'outbox'];

/** So that a table whose cells change seldom changes its form. */
const narrowest: readonly number[] = [4, 10, 8, 6, 7, 9];

/** A table of the nodes, one line each, under a heading. `bars`: with a bar for each converge under way. */
export const rosterLines = (nodes: readonly NodeView[], now: number, bars: boolean, palette: Palette): readonly string[] => {
  const rows = nodes.map((node) => cellsOf(node, now, bars, palette));
  const widths = headings.map((heading, column) => Math.max(heading.length, narrowest[column] ?? 0, ...rows.map((row) => row[column]?.text.length ?? 0)));
  const last = headings.length - 1;
  const line = (cells: readonly Cell[]): string =>
    cells.map(({ paint, text }, column) => paint(column === last ? text : text.padEnd(widths[column] ?? 0))).join('  ');
  return [palette.dim(line(headings.map((text) => ({ text, paint: asIs })))), ...rows.map(line)];
};

/** Nodes whose termination somebody holds off. */
export const keepaliveLines = (nodes: readonly NodeView[], palette: Palette): readonly string[] =>
  nodes.flatMap(({ node, keepalive }) => {
    if (keepalive === undefined) return [];
    const { expiresAt, reason } = keepalive;
    const until = expiresAt === undefined ? 'forever' : `until ${localTime(expiresAt)}`;
    return [palette.warn(harmless(`${node} is kept alive ${until}${reason === undefined ? '' : `: ${reason}`}`))];
  });

/** What must differ for the roster to be worth another print: not the time that goes by, and no step of a converge, whose event is a line. */
export const rosterKey = (nodes: readonly NodeView[]): string =>
  JSON.stringify(nodes.map((node) => [node.node, node.phase, node.link, healthOf(node), node.converge?.outcome, node.keepalive]));
