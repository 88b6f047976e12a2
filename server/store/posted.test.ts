// Events that come over HTTP, and who may send them, on the real store.
import { describe, expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import type { PostedBatch, Store } from '../../actors/server/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { openStore, type StoreOptions } from './store.ts';

const clock = new ManualClock();
const n1 = { cluster: 'lab', node: 'n1' };
const n2 = { cluster: 'lab', node: 'n2' };
const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const log = (number: number, message = `m${number}`) => ({ kind: 'log', id: idOf(number), at: 5, level: 'info', priority: 'low', message, details: { exit_code: 3 } }) as const;
const renamed = (number: number, hostname: string) => ({ kind: 'installation', id: idOf(number), at: 5, status: 'warning', hostname }) as const;

const open = (folder: TemporaryFolder, options: Partial<StoreOptions> = {}, name = 'store.db'): Store => {
  const opened = openStore(folder.at(name), { clock, ...options });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value.store;
};

/** How many of them were not there. */
const post = async (store: Store, events: PostedBatch['events'], from = n1): Promise<number> => {
  const stored = await store.post({ from, events });
  if (!stored.ok) throw new Error(stored.error.code);
  return stored.value.length;
};

const messages = (store: Store): readonly string[] => store.events({ limit: 100 }).map(({ message, node }) => `${node} ${message}`);

describe('events that are posted', () => {
  test('are in the log with all they say, also after a kill, and are there once however often they come', async () => {
    await using folder = await temporaryFolder();
    const store = open(folder);
    expect(await post(store, [log(1), log(2), log(1)])).toBe(2);
    expect(store.events({ limit: 9 })).toMatchObject([{ ...n1, position: 1, id: idOf(1), at: 5, raw: JSON.stringify(log(1)), problem: undefined }, { position: 2, id: idOf(2) }]);
    copyDatabase(folder.at('store.db'), folder.at('killed.db'));
    const killed = open(folder, {}, 'killed.db');
    for (const each of [store, killed]) {
      expect(await post(each, [log(2), log(3), log(1)])).toBe(1);
      expect(messages(each)).toEqual(['n1 m1', 'n1 m2', 'n1 m3']);
      await each.close();
    }
  });

  test('are of two nodes when two nodes use one id', async () => {
    await using folder = await temporaryFolder();
    const store = open(folder);
    expect([await post(store, [log(1)]), await post(store, [log(1)], n2)]).toEqual([1, 1]);
    expect(messages(store)).toEqual(['n1 m1', 'n2 m1']);
    await store.close();
  });

  test('are known no longer than the log has them', async () => {
    await using folder = await temporaryFolder();
    const store = open(folder, { retention: 2 });
    for (const number of [1, 2, 3, 4, 5, 6]) await post(store, [log(number)]);
    expect(await post(store, [log(6)])).toBe(0);
    expect(await post(store, [log(1)])).toBe(1);
    expect(store.count()).toBeLessThanOrEqual(4);
    await store.close();
  });

  test('change the name of the host, and hold back nothing that the node itself tells', async () => {
    await using folder = await temporaryFolder();
    const store = open(folder);
    const tell = (sequence: number, event: object) => store.applyBatch({ from: n1, stream: 's', lane: 'report', entries: [incomingEntry(sequence, { id: idOf(90 + sequence), at: 1, ...event })] });
    const shown = () => store.nodes(n1).map(({ hostname, phase }) => [hostname, phase]);
    await tell(1, { kind: 'node', instanceId: 'i', hostname: 'first', version: '1', pid: 1 });
    await post(store, [renamed(1, 'second')]);
    expect(shown()).toEqual([['second', 'unknown']]);
    await tell(2, { kind: 'phase', phase: 'ready' });
    expect(shown()).toEqual([['second', 'ready']]);
    await tell(3, { kind: 'installation', status: 'success', hostname: 'third' });
    expect(await post(store, [renamed(1, 'second')])).toBe(0);
    expect(shown()).toEqual([['third', 'ready']]);
    await store.close();
  });
});

describe('what is kept of a password', () => {
  const granted = async (store: Store, token: string, verifier: string): Promise<void> => {
    await store.order({ type: 'mint', token: { ...n1, id: token, key: 'k', expiresAt: 9 } });
    await store.order({ type: 'redeem', id: token, nonce: 'n' });
    await store.order({ type: 'granted', id: token, user: 'jetpack.lab.n1', verifier });
  };

  test('is found by the user of an active identity, the last one of each node, and shown in no list', async () => {
    await using folder = await temporaryFolder();
    const store = open(folder);
    await granted(store, 't', 'v-1');
    expect([store.credential('jetpack.lab.n1'), store.credential('jetpack.lab.n2')]).toEqual([{ ...n1, verifier: 'v-1' }, undefined]);
    await granted(store, 'u', 'v-2');
    expect(store.credential('jetpack.lab.n1')?.verifier).toBe('v-2');
    expect(JSON.stringify([store.identities({ limit: 9 }), store.tokens({ limit: 9 }), store.identity(n1)])).not.toContain('v-2');
    await store.close();
  });

  test('is gone with the first step of a revocation', async () => {
    await using folder = await temporaryFolder();
    const store = open(folder);
    await granted(store, 't', 'v-1');
    await store.order({ type: 'revoke', node: n1, user: 'jetpack.lab.n1' });
    expect(store.credential('jetpack.lab.n1')).toBeUndefined();
    await store.order({ type: 'revoked', node: n1 });
    expect(store.credential('jetpack.lab.n1')).toBeUndefined();
    await granted(store, 'u', 'v-2');
    expect(store.credential('jetpack.lab.n1')?.verifier).toBe('v-2');
    await store.close();
  });
});
