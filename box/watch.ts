// Follows a server through its API and shows what happens: every event once, and the roster.
import type { Clock } from '../effects/clock.ts';
import { pause } from '../effects/clock.ts';
import type { ApiClient } from './api-client.ts';
import type { Screen } from './screen.ts';
import { eventLine, rosterLines, type Palette } from './view.ts';

export interface Watch {
  /** Shows what is there now, then stops. */
  end(): Promise<void>;
  readonly eventsSeen: number;
}

export interface WatchOptions {
  readonly client: ApiClient;
  readonly screen: Screen;
  readonly palette: Palette;
  readonly nodeWidth: number;
  readonly everyMs: number;
  readonly clock: Clock;
}

export const watch = ({ client, screen, palette, nodeWidth, everyMs, clock }: WatchOptions): Watch => {
  const stop = new AbortController();
  let position = 0;
  let seen = 0;

  const look = async (): Promise<void> => {
    const { events, next } = await client.eventsAfter(position);
    position = next;
    seen += events.length;
    for (const event of events) screen.print(eventLine(event, nodeWidth, palette));
    const nodes = await client.nodes();
    const key = JSON.stringify(nodes.map(({ node, phase, link }) => [node, phase, link]));
    screen.footer(['', ...rosterLines(nodes, clock.now(), palette)], key);
  };

  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      // A server that is away for a moment (killed, restarted) is asked again; its events are in its store.
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
    },
    get eventsSeen() {
      return seen;
    },
  };
};
