import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { ok } from '../protocol/result.ts';
import type { StoredEvent } from '../actors/server/ports.ts';
import type { NodeView } from '../actors/server/roster.ts';
import type { ConnectionState } from '../transport/port.ts';
import type { ApiClient } from './api-client.ts';
import type { Screen } from './screen.ts';
import { nodeView, storedEvent } from './testing/views.ts';
import { plain } from './view.ts';
import { watch } from './watch.ts';

/** A server that answers from what a test puts here, or not at all. */
class FakeServer implements ApiClient {
  log: StoredEvent[] = [];
  roster: readonly NodeView[] = [];
  state: ConnectionState = 'connected';
  away = false;

  store(...messages: readonly string[]): void {
    for (const message of messages) this.log.push(storedEvent(message, { position: this.log.length + 1 }));
  }

  nodes = (): Promise<readonly NodeView[]> => this.#answer(this.roster);
  broker = (): Promise<ConnectionState> => this.#answer(this.state);
  newest = async () => ok(this.log.length);
  eventsAfter = (after: number) => {
    // Two at a time, as a server that has many answers in pages.
    const events = this.log.filter(({ position }) => position > after).slice(0, 2);
    return this.#answer({ events, next: events.at(-1)?.position ?? after });
  };

  async #answer<T>(value: T): Promise<T> {
    if (this.away) throw new Error('away');
    return value;
  }
}

const begin = (server: FakeServer, after = 0) => {
  const clock = new ManualClock();
  const messages: string[] = [];
  let footer: readonly string[] = [];
  const keys = new Set<string>();
  const screen: Screen = {
    print: (line) => void messages.push(line.replace(/^.*INFO +/, '')),
    footer: (lines, key) => {
      footer = lines;
      keys.add(key);
    },
    release: () => undefined,
  };
  const following = watch({ client: server, after, screen, palette: plain, names: ['scheduler', 'execute-1'], everyMs: 100, clock });
  // A look takes several turns of the event loop.
  const looks = async (count: number): Promise<void> => {
    for (let look = 0; look < count; look += 1) {
      for (let turn = 0; turn < 5; turn += 1) await clock.advance(0);
      await clock.advance(100);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { following, looks, messages, keys, footer: () => footer };
};

describe('whoever watches a cluster', () => {
  test('sees every event once, in order, and none of an earlier run', async () => {
    const server = new FakeServer();
    server.store('of an earlier run', 'a', 'b', 'c');
    const { following, looks, messages } = begin(server, 1);
    await looks(2);
    server.store('d');
    await looks(2);
    expect(messages).toEqual(['a', 'b', 'c', 'd']);
    expect(await following.end()).toMatchObject({ events: 4 });
  });

  test('sees the nodes in the order of the cluster', async () => {
    const server = new FakeServer();
    server.roster = [nodeView('execute-1'), nodeView('scheduler')];
    const { following, looks, footer } = begin(server);
    await looks(1);
    await following.end();
    expect(footer().slice(2).map((line) => line.split(' ')[0])).toEqual(['scheduler', 'execute-1']);
  });

  test('is told that something changed when a phase, a link or the broker did, and not when time went by', async () => {
    const server = new FakeServer();
    server.roster = [nodeView('scheduler', { lastSeenAt: 1 })];
    const { following, looks, keys } = begin(server);
    await looks(1);
    server.roster = [nodeView('scheduler', { lastSeenAt: 2, outbox: 3 })];
    await looks(1);
    expect(keys.size).toBe(1);
    server.roster = [nodeView('scheduler', { link: 'silent' })];
    await looks(1);
    server.state = 'connecting';
    await looks(1);
    expect(keys.size).toBe(3);
    await following.end();
  });

  test('misses nothing of a server that was away for a moment', async () => {
    const server = new FakeServer();
    server.store('a');
    const { following, looks, messages } = begin(server);
    await looks(1);
    server.away = true;
    server.store('b');
    await looks(3);
    server.away = false;
    await looks(1);
    expect(messages).toEqual(['a', 'b']);
    await following.end();
  });

  test('is shown at the end what came last, and told what there was', async () => {
    const server = new FakeServer();
    const { following, looks, messages } = begin(server);
    await looks(1);
    server.store('last');
    server.roster = [nodeView('scheduler')];
    const seen = await following.end();
    expect(messages).toEqual(['last']);
    expect(seen).toMatchObject({ events: 1, nodes: [{ node: 'scheduler' }] });
  });

  test('is told what was last seen of a server that is gone', async () => {
    const server = new FakeServer();
    server.store('a');
    server.roster = [nodeView('scheduler')];
    const { following, looks } = begin(server);
    await looks(1);
    server.away = true;
    expect(await following.end()).toMatchObject({ events: 1, nodes: [{ node: 'scheduler' }] });
  });
});
