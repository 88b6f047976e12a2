import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseExactTree, type ExactTree } from '../../commands/exact-json.ts';
import { identityLayer, mergeLayers } from './layers.ts';

const identity = { cluster: 'lab', node: 'n1', instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', executable: '/bin/jetpack', home: '/opt/cycle/jetpack' };

const parsed = (text: string): ExactTree => {
  const tree = parseExactTree(Buffer.from(text));
  if (!tree.ok) throw new Error(tree.error);
  return tree.value;
};

test('a higher layer wins, member by member', () => {
  const seed = { a: { x: 1, y: [1, 2], z: 'seed' }, only: true };
  const server = { a: { y: [3], z: { deep: 1 }, w: null } };
  expect(mergeLayers([seed, server])).toEqual({ a: { x: 1, y: [3], z: { deep: 1 }, w: null }, only: true });
});

test.each([null, [], 'text', 0, false])('%j replaces an object, and an object replaces it', (value) => {
  expect(mergeLayers([{ a: { b: 1 } }, { a: value }])).toEqual({ a: value });
  expect(mergeLayers([{ a: value }, { a: { b: 1 } }])).toEqual({ a: { b: 1 } });
});

test('no template changes who the node is', () => {
  const server = { cyclecloud: { node: { name: 'other', template: 'execute' }, cluster: 'other', home: '/', chefstate: '/tmp', jetpack: { executable: 'false' } } };
  expect(mergeLayers([server, identityLayer(identity)])).toEqual({
    cyclecloud: {
      bootstrap: '/opt/cycle/jetpack/system/bootstrap',
      node: { name: 'n1', template: 'execute' },
      cluster: { name: 'lab' },
      instance: { id: 'i-1', hostname: 'n1.lab' },
      chefstate: '/opt/cycle/jetpack/system/chef/chefstate',
      jetpack: { version: '1.2.3', executable: '/bin/jetpack' },
      home: '/opt/cycle/jetpack',
    },
  });
});

test('names of prototypes are data, and reach no prototype', () => {
  const evil = parsed('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":{"__proto__":{"admin":true}}}');
  const merged = mergeLayers([parsed('{"a":{"b":1},"__proto__":{"older":1}}'), evil]);
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
  expect(JSON.stringify(merged)).toBe('{"a":{"b":1,"__proto__":{"admin":true}},"__proto__":{"older":1,"admin":true},"constructor":{"prototype":{"admin":true}}}');
});

test('numbers of a hand-written layer keep their text', () => {
  expect(JSON.stringify(mergeLayers([parsed('{"a":{"b":1.0,"c":1e3}}'), { a: { c: 2 } }]))).toBe('{"a":{"b":1.0,"c":2}}');
});

const name = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor', '0', ''), fc.string({ maxLength: 3 }));
const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, fc.constantFrom(null, true, 1, 'text'), fc.array(fc.integer(), { maxLength: 2 }), fc.dictionary(name, tie('node'), { maxKeys: 4 })),
}));
/** Made from text, as every layer is: then `__proto__` is an own member. */
const layer = fc.dictionary(name, node, { maxKeys: 5 }).map((tree) => parsed(JSON.stringify(tree)));

test('layers may be merged in any grouping, nothing changes a layer, and the same twice is the same', () => {
  fc.assert(
    fc.property(layer, layer, layer, (low, middle, high) => {
      const before = JSON.stringify([low, middle, high]);
      const merged = JSON.stringify(mergeLayers([low, middle, high]));
      expect(JSON.stringify(mergeLayers([mergeLayers([low, middle]), high]))).toBe(merged);
      expect(JSON.stringify(mergeLayers([low, low]))).toBe(JSON.stringify(low));
      expect(JSON.stringify([low, middle, high])).toBe(before);
      for (const key of Object.keys(high)) expect(Object.hasOwn(JSON.parse(merged) as object, key)).toBe(true);
    }),
  );
});
