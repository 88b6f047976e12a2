// Follows a server through its API and shows what happens: every event once, and the roster.
import type { NodeView } from '../actors/server/roster.ts';
import type { Clock } from '../effects/clock.ts';
import { pause } from '../effects/clock.ts';
import type { ApiClient } from './api-client.ts';
import type { Screen } from './screen.ts';
import { brokerLines, eventLine, inOrder, rosterLines, type Palette } from './view.ts';

/** What there was when it was last looked. */
export interface Seen {
  readonly nodes: readonly NodeView[];
  /** Events shown, in all. */
  readonly events: number;
}

export interface Watch {
  /** Shows what is there now, then stops. */
  end(): Promise<Seen>;
}

export interface WatchOptions {
  readonly client: ApiClient;
  /** Events up to this position are not shown. */
  readonly after: number;
  readonly screen: Screen;
  readonly palette: Palette;
  /** The nodes of the cluster, in the order to show them. */
  readonly names: readonly string[];
  readonly everyMs: number;
  readonly clock: Clock;
}

export const watch = ({ client, after, screen, palette, names, everyMs, clock }: WatchOptions): Watch => {
  const nodeWidth = Math.max(...names.map(({ length }) => length));
  const stop = new AbortController();
  let position = after;
  let seen: Seen = { nodes: [], events: 0 };

  const look = async (): Promise<void> => {
    const { events, next } = await client.eventsAfter(position);
    position = next;
    seen = { ...seen, events: seen.events + events.length };
    for (const event of events) screen.print(eventLine(event, nodeWidth, palette));
    const broker = await client.broker();
    const nodes = inOrder(await client.nodes(), names);
    seen = { ...seen, nodes };
    const key = JSON.stringify([broker, ...nodes.map(({ node, phase, link }) => [node, phase, link])]);
    screen.footer(['', ...rosterLines(nodes, clock.now(), palette), ...brokerLines(broker, palette)], key);
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
    async end() {
      stop.abort();
      await following;
      await look().catch(() => undefined);
      return seen;
    },
  };
};
