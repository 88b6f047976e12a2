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
  const following = watch({ client: server, after, since: 0, screen, palette: plain, bars: true, names: ['scheduler', 'execute-1'], everyMs: 100, clock });
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

const converging = { run: 'run', trigger: 'boot', outcome: 'running', done: 0, total: 3, at: 0 } as const;

const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';

/** An event as the store keeps it, with all of what the node said. */
const told = (position: number, event: object, more: Partial<StoredEvent> = {}): StoredEvent =>
  storedEvent(`event ${position}`, { position, raw: JSON.stringify({ id: uuid, at: 0, ...event }), ...more });

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

  test('is told that something changed when a phase, a link, the health or the broker did, and not when time or a converge went on', async () => {
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
    server.roster = [nodeView('scheduler', { converge: { ...converging, done: 1 } })];
    await looks(1);
    server.roster = [nodeView('scheduler', { converge: { ...converging, done: 2, step: 'another' } })];
    await looks(1);
    expect(keys.size).toBe(4);
    server.roster = [nodeView('scheduler', { conditions: [{ name: 'disk', status: 'Unknown', at: 0 }] })];
    await looks(1);
    server.roster = [nodeView('scheduler', { keepalive: { reason: 'looking around' } })];
    await looks(1);
    expect(keys.size).toBe(6);
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

  test('sees the card of a converge that failed once, after its event, and none of an earlier run', async () => {
    const server = new FakeServer();
    const converge = { kind: 'converge', run: uuid, trigger: 'boot', done: 1, total: 3 };
    const failed = { ...converge, outcome: 'failed', failure: { summary: 'it failed', recommendation: 'mend it' } };
    server.log = [told(1, failed), told(2, { ...converge, outcome: 'running' }), told(3, failed, { node: 'execute-1' }), told(4, { ...converge, outcome: 'succeeded' })];
    const { following, looks, messages } = begin(server, 1);
    await looks(3);
    await following.end();
    const lines = messages.filter((line) => line !== '');
    expect(lines.slice(0, 3)).toEqual(['event 2', 'event 3', 'execute-1 failed']);
    expect(lines.at(-1)).toBe('event 4');
    expect(lines.filter((line) => line.includes('it failed'))).toHaveLength(1);
  });

  test('is told in which order nodes became ready, each when it was so first', async () => {
    const server = new FakeServer();
    const ready = { kind: 'phase', phase: 'ready' };
    server.log = [
      told(1, ready, { node: 'execute-1', receivedAt: 500 }),
      told(2, { kind: 'phase', phase: 'converging' }, { receivedAt: 1_000 }),
      told(3, ready, { receivedAt: 1_900 }),
      told(4, ready, { node: 'execute-1', receivedAt: 2_340 }),
      told(5, ready, { receivedAt: 9_000 }),
      told(6, { kind: 'of a later version' }, { node: 'execute-2' }),
    ];
    const { following, looks } = begin(server, 1);
    await looks(3);
    expect([...(await following.end()).readyAfter]).toEqual([['scheduler', 1.9], ['execute-1', 2.34]]);
  });

  test('knows that the cluster is settled when every node has become ready or failed in this run, and no sooner', async () => {
    const server = new FakeServer();
    const phase = (node: string, name: string): void => {
      const raw = JSON.stringify({ kind: 'phase', id: '00000000-0000-4000-8000-000000000001', at: 0, phase: name });
      server.log.push(storedEvent(`phase ${name}`, { node, kind: 'phase', raw, position: server.log.length + 1 }));
    };
    phase('scheduler', 'ready');
    phase('execute-1', 'ready');
    const { following, looks } = begin(server, 2);
    let settled = false;
    void following.settled.then(() => (settled = true));
    phase('scheduler', 'ready');
    phase('execute-1', 'converging');
    await looks(2);
    expect(settled).toBe(false);
    phase('execute-1', 'failed');
    await looks(2);
    expect(settled).toBe(true);
    await following.end();
  });
});
