// What the tests of orders share.
import { expect } from '@jest/globals';
import { incomingEntry } from '../../../actors/server/intake-entry.ts';
import type { Change, Target } from '../../../actors/server/order-ports.ts';
import type { Store } from '../../../actors/server/ports.ts';
import { ManualClock } from '../../../effects/manual-clock.ts';
import type { CommandState } from '../../../protocol/events.ts';
import type { TemporaryFolder } from '../../../storage/testing/temporary-folder.ts';
import { openStore } from '../store.ts';

let minted = 0;

export const newId = (): string => `00000000-0000-4000-8000-${String((minted += 1)).padStart(12, '0')}`;

type CommandChange = Extract<Change, { type: 'command' }>;

export const hour = 3_600_000;

export const begin = (folder: TemporaryFolder) => {
  const clock = new ManualClock();
  const open = (file = 'store.db'): Store => {
    const opened = openStore(folder.at(file), { clock });
    if (!opened.ok) throw new Error(opened.error.message);
    expect(opened.value.setAside).toBeUndefined();
    return opened.value.store;
  };
  const store = open();
  const change = (id: string, more: Partial<CommandChange> = {}, command: Partial<CommandChange['command']> = {}): CommandChange => ({
    type: 'command',
    command: { id, cluster: 'box', name: 'check', expiresAt: clock.now() + hour, ...command },
    nodes: ['n1', 'n2'],
    request: 'the words',
    scope: 'cluster',
    ...more,
  });
  const order = async (what: Change, on = store): Promise<string> => {
    const ordered = await on.order(what);
    if (!ordered.ok) throw new Error(ordered.error.message);
    return ordered.value.outcome;
  };
  const set = (key: string, value: unknown, nodes?: readonly string[], cluster = 'box') => {
    const scope = nodes === undefined ? 'cluster' : 'nodes';
    // The values here are JSON.
    return order(change(newId(), { scope, nodes: nodes ?? ['n1'], value: value as string }, { name: 'set', cluster, key }));
  };
  let sequence = 0;
  const tell = async (command: string, state: CommandState, { node = 'n1', cluster = 'box', ...more }: Partial<Target> & { cluster?: string } = {}): Promise<void> => {
    sequence += 1;
    const entry = incomingEntry(1, { kind: 'command', id: newId(), at: 0, command, state, ...more });
    expect(await store.applyBatch({ from: { cluster, node }, stream: `s${sequence}`, lane: 'report', entries: [entry] })).toMatchObject({ value: { outcome: 'applied' } });
  };
  const states = (id: string): unknown => Object.fromEntries((store.command(id)?.targets ?? []).map(({ node, state }) => [node, state]));
  return { change, clock, open, order, set, states, store, tell };
};
