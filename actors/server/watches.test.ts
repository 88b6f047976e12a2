import { describe, expect, test } from '@jest/globals';
import type { FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { newId } from '../testing/frames.ts';
import type { NodeStanding } from './standings.ts';
import { Watches, type WatchBounds } from './watches.ts';

type Body = FrameOf<'watch'>['body'];

const leaseMs = 30_000;
const waiter: NodeAddress = { cluster: 'box', node: 'execute-1' };

const begin = (bounds?: WatchBounds) => {
  const nodes = new Map<string, NodeStanding>();
  const asked: string[] = [];
  const watches = new Watches((cluster, role) => {
    asked.push(`${cluster}/${role}`);
    return [...nodes.values()].filter((node) => node.cluster === cluster && node.node.startsWith(role));
  }, bounds);
  const stands = (node: string, phase: string, link: NodeStanding['link'] = 'online', cluster = 'box'): void => {
    nodes.set(`${cluster}/${node}`, { cluster, node, phase, link, instanceId: 'i' });
    watches.outdate();
  };
  const watch = (more: Partial<Body> = {}, now = 0, from = waiter) =>
    watches.received(from, { watch: newId(), role: 'scheduler', phase: 'ready', leaseMs, ...more }, now);
  return { asked, nodes, stands, watch, watches };
};

const met = (watched: ReturnType<Watches['received']>): readonly boolean[] => watched.map(({ body }) => body.met);

describe('a watch', () => {
  test('is answered at once, also when nobody has the role yet', () => {
    const { stands, watch } = begin();
    const id = newId();
    expect(watch({ watch: id })).toEqual([{ to: waiter, body: { watch: id, met: false, nodes: [] } }]);
    stands('scheduler', 'converging');
    stands('execute-2', 'ready');
    expect(watch({ watch: id })).toEqual([{ to: waiter, body: { watch: id, met: false, nodes: [{ node: 'scheduler', phase: 'converging' }] } }]);
  });

  test('is met by every node of the role in its own cluster, and by one at least', () => {
    const { stands, watch } = begin();
    stands('scheduler-1', 'ready');
    expect(met(watch())).toEqual([true]);
    stands('scheduler-2', 'converging');
    stands('scheduler-3', 'ready', 'online', 'other');
    expect(met(watch())).toEqual([false]);
    stands('scheduler-2', 'ready');
    expect(met(watch())).toEqual([true]);
  });

  test('with a count is met by so many', () => {
    const { stands, watch } = begin();
    stands('scheduler-1', 'ready');
    stands('scheduler-2', 'failed');
    stands('scheduler-3', 'ready');
    expect([1, 2, 3, 4].map((count) => met(watch({ count }))[0])).toEqual([true, true, false, false]);
  });

  test.each(['silent', 'unheard'] as const)('is not met by a node that is %s, which is told instead of its phase', (link) => {
    const { stands, watch } = begin();
    stands('scheduler', 'ready', link);
    expect(watch()).toMatchObject([{ body: { met: false, nodes: [{ node: 'scheduler', phase: link }] } }]);
    expect(met(watch({ count: 1 }))).toEqual([false]);
  });

  test('is told of every change, and of nothing else', () => {
    const { stands, watch, watches } = begin();
    stands('scheduler', 'starting');
    const id = newId();
    watch({ watch: id });
    expect(watches.due(1)).toEqual([]);
    stands('execute-2', 'ready');
    expect(watches.due(2)).toEqual([]);
    stands('scheduler', 'ready');
    expect(watches.due(3)).toEqual([{ to: waiter, body: { watch: id, met: true, nodes: [{ node: 'scheduler', phase: 'ready' }] } }]);
    expect(watches.due(4)).toEqual([]);
    stands('scheduler', 'ready');
    expect(watches.due(5)).toEqual([]);
    stands('scheduler', 'ready', 'silent');
    expect(met(watches.due(6))).toEqual([false]);
  });

  test('that was renewed in between is not told twice', () => {
    const { stands, watch, watches } = begin();
    const id = newId();
    watch({ watch: id });
    stands('scheduler', 'ready');
    expect(met(watch({ watch: id }))).toEqual([true]);
    expect(watches.due(1)).toEqual([]);
    expect(watches.size).toBe(1);
  });

  test('ends with its lease, which a renewal prolongs', () => {
    const { stands, watch, watches } = begin();
    const id = newId();
    watch({ watch: id }, 0);
    watch({ watch: id }, 20_000);
    stands('scheduler', 'starting');
    expect(watches.due(leaseMs)).toHaveLength(1);
    stands('scheduler', 'ready');
    expect(watches.due(20_000 + leaseMs)).toEqual([]);
    expect(watches.size).toBe(0);
  });

  test('is ended at once by a lease of nothing, without an answer', () => {
    const { watch, watches } = begin();
    const id = newId();
    watch({ watch: id });
    expect(watch({ watch: id, leaseMs: 0 })).toEqual([]);
    expect(watch({ leaseMs: 0 })).toEqual([]);
    expect(watches.size).toBe(0);
  });

  test('of another node under the same id is another watch', () => {
    const { watch, watches } = begin();
    const id = newId();
    watch({ watch: id });
    watch({ watch: id }, 0, { cluster: 'box', node: 'execute-2' });
    watch({ watch: id, leaseMs: 0 });
    expect(watches.size).toBe(1);
  });

  test('names 1,000 nodes at most, those it waits for first', () => {
    const { stands, watch } = begin();
    for (let node = 0; node < 1_005; node += 1) stands(`scheduler-${node}`, node === 1_004 ? 'failed' : 'ready');
    const [watched] = watch();
    expect(watched?.body.nodes).toHaveLength(1_000);
    expect(watched?.body).toMatchObject({ met: false, nodes: expect.arrayContaining([{ node: 'scheduler-1004', phase: 'failed' }]) });
  });
});

test('many that wait for the same ask once how the nodes stand', () => {
  const { asked, stands, watch, watches } = begin();
  for (let node = 0; node < 100; node += 1) watch({}, 0, { cluster: 'box', node: `execute-${node}` });
  expect(asked).toEqual(['box/scheduler']);
  stands('scheduler', 'ready');
  expect(watches.due(1)).toHaveLength(100);
  expect(asked).toHaveLength(2);
});

describe('too many', () => {
  test('of one node: its oldest gives way', () => {
    const { stands, watch, watches } = begin({ ofNode: 2, inAll: 100 });
    const ids = [newId(), newId(), newId()];
    for (const id of ids) watch({ watch: id });
    stands('scheduler', 'ready');
    expect(watches.due(1).map(({ body }) => body.watch)).toEqual(ids.slice(1));
  });

  test('in all: the oldest of that node gives way, or the oldest of all when it has none', () => {
    const { watch, watches, stands } = begin({ ofNode: 10, inAll: 3 });
    const other = { cluster: 'box', node: 'execute-2' };
    const ids = [newId(), newId(), newId(), newId(), newId()];
    for (const [index, from] of [waiter, other, other].entries()) watch({ watch: ids[index]! }, 0, from);
    watch({ watch: ids[3]! }, 0, other);
    watch({ watch: ids[4]! }, 0, { cluster: 'box', node: 'execute-3' });
    expect(watches.size).toBe(3);
    stands('scheduler', 'ready');
    expect(watches.due(1).map(({ body }) => body.watch)).toEqual([ids[2], ids[3], ids[4]]);
  });

  test('renewals take no room', () => {
    const { watch, watches } = begin({ ofNode: 2, inAll: 2 });
    const ids = [newId(), newId()];
    for (let round = 0; round < 5; round += 1) for (const id of ids) watch({ watch: id });
    expect(watches.size).toBe(2);
  });
});
