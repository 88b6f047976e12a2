// Follows a server through its API and shows what happens: every event once, a card with each that tells of a failure, and the
// roster.
import type { StoredEvent } from '../actors/server/ports.ts';
import type { NodeView } from '../actors/server/roster.ts';
import type { Clock } from '../effects/clock.ts';
import { pause } from '../effects/clock.ts';
import { decodeEvent } from '../protocol/codec.ts';
import type { JetpackEvent } from '../protocol/events.ts';
import type { ApiClient } from './api-client.ts';
import { keepaliveLines, rosterKey, rosterLines } from './roster-lines.ts';
import type { Screen } from './screen.ts';
import { brokerLines, cardLines, eventLine, inOrder, type Palette } from './view.ts';

/** What there was when it was last looked. */
export interface Seen {
  readonly nodes: readonly NodeView[];
  /** Events shown, in all. */
  readonly events: number;
  /** Seconds from the beginning until a node was first ready in this run, in that order. */
  readonly readyAfter: ReadonlyMap<string, number>;
}

export interface Watch {
  /** Resolves when every node has become ready or failed in this run. */
  readonly settled: Promise<void>;
  /** Shows what is there now, then stops. */
  end(): Promise<Seen>;
}

export interface WatchOptions {
  readonly client: ApiClient;
  /** Events up to this position are not shown. */
  readonly after: number;
  /** When the cluster was begun, by the machine's wall clock, milliseconds since the epoch. */
  readonly since: number;
  readonly screen: Screen;
  readonly palette: Palette;
  /** Whether the screen is redrawn, so that a bar can grow on it. */
  readonly bars: boolean;
  /** The nodes of the cluster, in the order to show them. */
  readonly names: readonly string[];
  readonly everyMs: number;
  readonly clock: Clock;
}

/** What the node said, as far as this program can read it. */
const told = ({ raw }: StoredEvent): JetpackEvent | undefined => {
  const event = decodeEvent(JSON.parse(raw));
  return event.ok ? event.value : undefined;
};

export const watch = ({ client, after, since, screen, palette, bars, names, everyMs, clock }: WatchOptions): Watch => {
  const nodeWidth = Math.max(...names.map(({ length }) => length));
  const stop = new AbortController();
  let position = after;
  const readyAfter = new Map<string, number>();
  /** As the nodes told them in this run. */
  const phases = new Map<string, string>();
  const settled = Promise.withResolvers<void>();
  let seen: Seen = { nodes: [], events: 0, readyAfter };

  const show = (stored: StoredEvent): void => {
    screen.print(eventLine(stored, nodeWidth, palette));
    const event = told(stored);
    if (event?.kind === 'converge' && event.outcome === 'failed' && event.failure !== undefined) {
      for (const line of cardLines(stored.node, event.failure, palette)) screen.print(line);
    }
    if (event?.kind !== 'phase') return;
    phases.set(stored.node, event.phase);
    if (event.phase === 'ready' && !readyAfter.has(stored.node)) readyAfter.set(stored.node, Math.max(0, stored.receivedAt - since) / 1000);
    if (names.every((name) => ['ready', 'failed'].includes(phases.get(name) ?? ''))) settled.resolve();
  };

  const look = async (): Promise<void> => {
    const { events, next } = await client.eventsAfter(position);
    position = next;
    seen = { ...seen, events: seen.events + events.length };
    for (const event of events) show(event);
    const broker = await client.broker();
    const nodes = inOrder(await client.nodes(), names);
    seen = { ...seen, nodes };
    const roster = rosterLines(nodes, clock.now(), bars, palette);
    screen.footer(['', ...roster, ...keepaliveLines(nodes, palette), ...brokerLines(broker, palette)], `${broker} ${rosterKey(nodes)}`);
  };

  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      // A server that does not answer for a moment is asked again; its events are in its store.
      await look().catch(() => undefined);
      await pause(clock, everyMs, stop.signal);
    }
  };

  const following = follow();
  return {
    settled: settled.promise,
    async end() {
      stop.abort();
      await following;
      await look().catch(() => undefined);
      return seen;
    },
  };
};
