// How the run of a cluster in a box went: its closing lines, and what is wrong with it when something is.
import type { NodeView } from '../actors/server/roster.ts';
import type { Failure } from '../protocol/result.ts';
import { paintPhase } from './roster-lines.ts';
import { cardLines, harmless, type Palette } from './view.ts';
import type { Seen } from './watch.ts';

export interface Totals extends Seen {
  readonly seconds: number;
  /** The nodes there should be. */
  readonly names: readonly string[];
}

export const isReady = (nodes: readonly NodeView[], name: string): boolean => nodes.some(({ node, phase }) => node === name && phase === 'ready');

/** `scheduler ready after 1.9 s, execute-1 after 2.3 s`: who became ready in this run and still is, in that order. */
const orderLines = ({ nodes, readyAfter }: Seen): readonly string[] => {
  const order = [...readyAfter].filter(([name]) => isReady(nodes, name));
  const words = order.map(([name, seconds], index) => `${harmless(name)} ${index === 0 ? 'ready ' : ''}after ${seconds.toFixed(1)} s`);
  return words.length === 0 ? [] : [`  ${words.join(', ')}`];
};

/** The closing lines: every node with its phase, in which order they became ready, whether all are, and the cards of those that failed. */
export const summaryLines = (totals: Totals, palette: Palette): readonly string[] => {
  const { events, names, nodes, seconds } = totals;
  const width = Math.max(4, ...names.map(({ length }) => length));
  const rows = names.map((name) => {
    const found = nodes.find(({ node }) => node === name);
    const standing = found === undefined ? palette.bad('not heard of') : `${paintPhase(found.phase, palette)(harmless(found.phase))}  ${palette.dim(found.link)}`;
    return `  ${name.padEnd(width)}  ${standing}`;
  });
  const ready = names.filter((name) => isReady(nodes, name)).length;
  const cards = nodes.flatMap(({ converge, node, phase }) =>
    phase === 'failed' && converge?.failure !== undefined ? cardLines(node, converge.failure, palette) : [],
  );
  const counts = `  ${ready} of ${names.length} nodes ready, ${events} events stored`;
  return [palette.strong(`Summary after ${Math.round(seconds)} s`), ...rows, ...orderLines(totals), counts, ...cards];
};

/** Which script of which spec, and how it ended; else what the node says. */
const reasonOf = ({ converge, detail }: NodeView): string => {
  const failure = converge?.failure;
  if (failure?.script === undefined) return failure?.summary ?? detail ?? 'it gives no reason';
  const { ending, exitCode, project, script, spec } = failure;
  const how = ending ?? (exitCode === undefined ? 'did not end well' : `ended with exit code ${exitCode}`);
  return `script ${script} of ${[project, spec].filter((name) => name !== undefined).join('/')} ${how}`;
};

/** Why a run that ended by itself did not go well. */
export const verdictOn = ({ names, nodes, seconds }: Pick<Totals, 'names' | 'nodes' | 'seconds'>): Failure | undefined => {
  const failed = nodes.filter(({ phase }) => phase === 'failed');
  if (failed.length > 0) return { code: 'script_failed', message: harmless(failed.map((node) => `${node.node} failed: ${reasonOf(node)}`).join('; ')) };
  if (names.every((name) => isReady(nodes, name))) return undefined;
  return { code: 'timeout', message: `not every node was ready after ${seconds.toFixed(1)} s` };
};
