import { describe, expect, test } from '@jest/globals';
import type { Tree } from '../../protocol/configuration.ts';
import { clusterId, nodeId, withIds } from './ids.ts';

const address = { cluster: 'lab', node: 'n1' };

describe('an id', () => {
  test('is 32 hexadecimal digits, and the same whenever it is asked for', () => {
    for (const id of [clusterId('o', 'lab'), nodeId('o', address, 'i-1')]) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect([clusterId('o', 'lab'), nodeId('o', address, 'i-1')]).toEqual([clusterId('o', 'lab'), nodeId('o', address, 'i-1')]);
  });

  test('is one for each cluster, node, machine and store', () => {
    const ids = [
      clusterId('o', 'lab'),
      clusterId('o', 'lab2'),
      clusterId('p', 'lab'),
      nodeId('o', address, 'i-1'),
      nodeId('o', address, 'i-2'),
      nodeId('o', { ...address, node: 'n2' }, 'i-1'),
      nodeId('o', { ...address, cluster: 'lab2' }, 'i-1'),
      nodeId('p', address, 'i-1'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the ids of a tree', () => {
  const [ofCluster, ofNode] = [clusterId('o', 'lab'), nodeId('o', address, 'i-1')];

  test.each<readonly [string, Tree, Tree]>([
    ['are there in one that says nothing', {}, { cyclecloud: { cluster: { id: ofCluster }, node: { id: ofNode } } }],
    ['stand beside what is there', { a: 1, cyclecloud: { cluster: { user: 'u' } } }, { a: 1, cyclecloud: { cluster: { user: 'u', id: ofCluster }, node: { id: ofNode } } }],
    ['are those of the template where it has some', { cyclecloud: { cluster: { id: 'c' }, node: { id: null } } }, { cyclecloud: { cluster: { id: 'c' }, node: { id: null } } }],
    ['replace nothing on their way', { cyclecloud: { cluster: 'text', node: [] } }, { cyclecloud: { cluster: 'text', node: [] } }],
    ['are not looked for in what every object has', { cyclecloud: 5 }, { cyclecloud: 5 }],
  ])('%s', (_what, tree, expected) => {
    const before = JSON.stringify(tree);
    expect(withIds(tree, 'o', address, 'i-1')).toEqual(expected);
    expect(JSON.stringify(tree)).toBe(before);
  });

  test('are without that of a node of which nobody knows which machine it is', () => {
    expect(withIds({}, 'o', address, undefined)).toEqual({ cyclecloud: { cluster: { id: ofCluster } } });
  });
});
