// What is wrong with a world that came to rest, measured against docs/DELIVERY.md.
import type { StoredEvent } from '../../actors/server/ports.ts';
import { decodeEvent } from '../../protocol/codec.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import type { ModelNode, Promised } from './delivery-node.ts';
import type { World } from './delivery-world.ts';

interface Logged {
  readonly stored: StoredEvent;
  readonly event: JetpackEvent;
}

const decodeLog = (log: readonly StoredEvent[]): readonly Logged[] =>
  log.flatMap((stored) => {
    const event = decodeEvent(JSON.parse(stored.raw));
    return event.ok ? [{ stored, event: event.value }] : [];
  });

const doubled = (log: readonly Logged[]): readonly string[] => {
  const seen = new Set<string>();
  return log.flatMap(({ event }) => {
    if (seen.has(event.id)) return [`${event.id} is stored twice`];
    seen.add(event.id);
    return [];
  });
};

/** Within a stream, what is stored reaches further every time. A tombstone may reach back over what was stored before it. */
const shuffled = (log: readonly Logged[]): readonly string[] => {
  const reached = new Map<string, number>();
  return log.flatMap(({ event, stored: { stream, sequence } }) => {
    const before = reached.get(stream) ?? 0;
    const through = event.kind === 'dropped' ? event.to : sequence;
    reached.set(stream, through);
    return through > before ? [] : [`${sequence} of ${stream} is stored after ${before}`];
  });
};

const isCovered = ({ place }: Promised, log: readonly Logged[]): boolean =>
  log.some(
    ({ stored, event }) =>
      event.kind === 'dropped' && stored.stream === place.stream && event.from <= place.sequence && place.sequence <= event.to,
  );

/** What was accepted is stored, or covered by a tombstone where there was a reason for one; and in the order of acceptance. */
const broken = (node: ModelNode, log: readonly Logged[], mayDrop: boolean): readonly string[] => {
  const reports = node.promised.filter(({ entry }) => entry.lane === 'report');
  const positions = new Map(log.map(({ event, stored }) => [event.id, stored.position]));
  const lost = reports.filter((promise) => !positions.has(promise.entry.id) && !(mayDrop && isCovered(promise, log)));
  const found = reports.flatMap(({ entry }) => positions.get(entry.id) ?? []);
  const unordered = found.filter((position, index) => position < (found[index - 1] ?? 0));
  const unreasoned = log.some(({ event }) => event.kind === 'dropped') && !mayDrop && !node.restored;
  return [
    ...lost.map(({ entry, place }) => `${entry.id} (${place.sequence} of ${place.stream}) was accepted and is lost`),
    ...unordered.map((position) => `position ${position} is out of order`),
    ...(unreasoned ? ['something was reported as dropped without a reason'] : []),
  ];
};

/** A message for the user's exchange got there, or left as one reported failure. After a restore it may come again. */
const unsent = (node: ModelNode, log: readonly Logged[], serverRestored: boolean): readonly string[] =>
  node.promised.flatMap(({ entry }) => {
    if (entry.lane === 'report' || node.delivered.has(entry.id) || serverRestored) return [];
    const reports = log.filter(({ event }) => event.kind === 'undelivered' && event.messageId === entry.id).length;
    const right = node.restored ? reports >= 1 : reports === 1;
    return right ? [] : [`the user's message ${entry.id} did not arrive and left as ${reports} reported failures`];
  });

export const flawsOf = (world: World, atRest: boolean): readonly string[] => {
  const log = decodeLog(world.server.log());
  const ofNodes = world.nodes.flatMap((node) => {
    const own = log.filter(({ stored }) => stored.node === node.address.node);
    return [...broken(node, own, node.mayDrop || world.server.restored), ...unsent(node, own, world.server.restored)];
  });
  return [...(atRest ? [] : ['it never came to rest']), ...doubled(log), ...shuffled(log), ...ofNodes];
};
