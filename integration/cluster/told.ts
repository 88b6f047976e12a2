// What nodes told, as the server stored it: decoded, by node, and held to what must be so of any cluster.
import type { StoredEvent } from '../../actors/server/ports.ts';
import { decodeEvent } from '../../protocol/codec.ts';
import type { EventKind, EventOf } from '../../protocol/events.ts';

/** Events of a kind, of one node, in order of the store. */
export const told = <K extends EventKind>(events: readonly StoredEvent[], node: string, kind: K): ReadonlyArray<EventOf<K> & { readonly position: number }> =>
  events.flatMap((stored) => {
    if (stored.node !== node || stored.kind !== kind) return [];
    const decoded = decodeEvent(JSON.parse(stored.raw));
    if (!decoded.ok) throw new Error(`event ${stored.position} cannot be read: ${decoded.error.message}`);
    // Its kind is the one asked for.
    return [{ ...(decoded.value as EventOf<K>), position: stored.position }];
  });

export const phasesOf = (events: readonly StoredEvent[], node: string): readonly string[] => told(events, node, 'phase').map(({ phase }) => phase);

const repeated = (ids: readonly string[]): readonly string[] => {
  const seen = new Set<string>();
  return ids.filter((id) => seen.size === seen.add(id).size);
};

/** What is wrong with how converges of a node were told: nothing goes back, and nothing follows an outcome. */
const convergeFlaws = (events: readonly StoredEvent[], node: string): readonly string[] => {
  const runs = new Map<string, { readonly done: number; readonly outcome: string }>();
  return told(events, node, 'converge').flatMap(({ done, outcome, position, run }) => {
    const before = runs.get(run);
    runs.set(run, { done, outcome });
    const flaws = [
      ...(before !== undefined && before.outcome !== 'running' ? [`goes on after it ${before.outcome}`] : []),
      ...(before !== undefined && before.done > done ? [`goes back from ${before.done} to ${done}`] : []),
    ];
    return flaws.map((flaw) => `${node}: at ${position} the converge ${run} ${flaw}`);
  });
};

/** What is lost, doubled or out of order. Nothing when all is well. */
export const flawsIn = (events: readonly StoredEvent[]): readonly string[] => {
  const ids = events.map(({ id, position }) => id ?? `without an id at ${position}`);
  const lanes = Map.groupBy(events, ({ lane, node, stream }) => `${node} ${stream} ${lane}`);
  const gaps = [...lanes].flatMap(([lane, own]) => own.flatMap(({ sequence }, index) => (sequence === index + 1 ? [] : [`${lane}: ${sequence} stands at ${index + 1}`])));
  const nodes = new Set(events.map(({ node }) => node));
  return [...repeated(ids).map((id) => `${id} is there twice`), ...gaps, ...[...nodes].flatMap((node) => convergeFlaws(events, node))];
};
