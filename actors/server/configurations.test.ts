import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ClusterTemplate } from '../../protocol/cluster-template.ts';
import type { Json, Tree } from '../../protocol/configuration.ts';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import { frame } from '../testing/frames.ts';
import { Configurations } from './configurations.ts';
import { checkTree } from './effective-tree.ts';
import { clusterId, nodeId } from './ids.ts';
import type { Setting } from './order-ports.ts';

const at = (node: string, cluster = 'box') => ({ cluster, node });

const over = (template: ClusterTemplate | undefined, settings: readonly Setting[] = []) => {
  const store = { at: 7, settings, revision: () => store.at };
  const of = new Configurations(template === undefined ? new Map() : new Map([['box', template]]), {
    origin: () => 'origin',
    revision: () => store.at,
    settings: (cluster) => (cluster === 'box' ? store.settings : []),
  });
  return { of, store, tree: (node: string): Tree => of.of(at(node), 'i').tree };
};

/** As the server gives them to a node on machine i. */
const idsOf = (node: string) => ({ cluster: { id: clusterId('origin', 'box') }, node: { id: nodeId('origin', at(node), 'i') } });

const spec = (name: string) => ({ project: 'demo', version: '1.0.0', spec: name });

const template: ClusterTemplate = {
  configuration: { demo: { name: 'demo', limits: { low: 1, high: 2 }, list: [1, 2] } },
  locker: 'file:///srv/locker',
  specs: [spec('default')],
  nodes: {
    scheduler: { roles: ['scheduler', 'login'], specs: [spec('scheduler')], configuration: { demo: { limits: { high: 20 }, list: [3] } } },
    'execute-*': { roles: ['execute'], specs: [{ ...spec('execute'), optional: true, order: 5 }] },
    '*-9': { roles: ['ninth'] },
  },
};

describe('the tree of a node', () => {
  test("is the template's, its entry's over it, and what only the template can say", () => {
    expect(over(template).tree('scheduler')).toEqual({
      demo: { name: 'demo', limits: { low: 1, high: 20 }, list: [3] },
      roles: ['scheduler', 'login'],
      cyclecloud: { ...idsOf('scheduler'), cluster_init_specs: [spec('default'), spec('scheduler')], locker: 'file:///srv/locker' },
    });
  });

  test.each([
    ['scheduler', ['scheduler', 'login']],
    ['execute-1', ['execute']],
    ['execute-', ['execute']],
    ['execute-9', ['execute']],
    ['login-9', ['ninth']],
    ['execute', []],
    ['xscheduler', []],
    ['constructor', []],
    ['__proto__', []],
  ])('of %s has the roles of its own entry, else of the first pattern that fits: %j', (node, roles) => {
    const { of, tree } = over(template);
    expect([tree(node)['roles'], of.rolesOf(at(node))]).toEqual([roles, roles]);
  });

  test('of a cluster without a template is empty, but for its settings', () => {
    const { of, tree } = over(undefined, [{ key: 'a.b', value: 1 }]);
    expect(tree('n1')).toEqual({ a: { b: 1 }, cyclecloud: idsOf('n1') });
    expect(of.of(at('n1', 'other'), undefined)).toEqual({ revision: 7, tree: { cyclecloud: { cluster: { id: clusterId('origin', 'other') } } } });
    expect(of.rolesOf(at('n1'))).toEqual([]);
  });

  test("has the cluster's settings over the template, and the node's over those", () => {
    const settings: readonly Setting[] = [
      { key: 'demo.limits.low', value: 10 },
      { node: 'execute-1', key: 'demo.limits.low', value: 100 },
      { key: 'demo.limits.low', value: 11 },
      { node: 'execute-2', key: 'demo', value: 'gone' },
    ];
    const { tree } = over(template, settings);
    expect(tree('execute-1')['demo']).toMatchObject({ limits: { low: 100, high: 2 } });
    expect(tree('execute-2')['demo']).toBe('gone');
    expect(tree('scheduler')['demo']).toMatchObject({ limits: { low: 11, high: 20 } });
  });

  test('takes settings in the order they were made: what is no object replaces, and is replaced', () => {
    const { tree } = over(undefined, [
      { key: 'a.b', value: 1 },
      { key: 'a', value: 5 },
      { key: 'a.c.d', value: 2 },
      { key: 'a', value: { c: { e: 3 } } },
    ]);
    expect(tree('n1')).toMatchObject({ a: { c: { d: 2, e: 3 } } });
    expect(tree('n1')['a']).not.toHaveProperty('b');
  });

  test('cannot be told other roles, specs or another locker by a setting', () => {
    const { tree } = over(template, [
      { key: 'roles', value: ['root'] },
      { key: 'cyclecloud', value: { cluster_init_specs: [], locker: 'file:///evil', other: 1 } },
    ]);
    expect(tree('execute-1')).toMatchObject({ roles: ['execute'], cyclecloud: { locker: 'file:///srv/locker', other: 1 } });
    expect(tree('execute-1')).toHaveProperty('cyclecloud.cluster_init_specs.length', 2);
  });

  test('has members with the names of an object of JavaScript as its own data, and drops `__proto__`', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x","deep":{"__proto__":{"polluted":1},"hasOwnProperty":1}}') as Tree;
    const { tree } = over({ configuration: hostile }, [
      { key: 'constructor.prototype.polluted', value: 2 },
      { key: 'deep.value', value: JSON.parse('{"__proto__":{"polluted":1}}') as Json },
    ]);
    const found = tree('n1');
    expect(JSON.parse(JSON.stringify(found))).toMatchObject({ constructor: { prototype: { polluted: 2 } }, toString: 'x', deep: { hasOwnProperty: 1, value: {} } });
    expect(JSON.stringify(found)).not.toContain('__proto__');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('changes nothing that it was made from', () => {
    const before = JSON.stringify(template);
    const { tree } = over(template, [{ node: 'execute-1', key: 'demo.limits.low', value: 0 }]);
    expect([tree('execute-1'), tree('execute-2')]).toMatchObject([{ demo: { limits: { low: 0 } } }, { demo: { limits: { low: 1 } } }]);
    expect(JSON.stringify(template)).toBe(before);
  });

  test('follows the store: a new revision, its settings', () => {
    const { of, store } = over(template);
    expect(of.of(at('execute-1'), 'i')).toMatchObject({ revision: 7, tree: { demo: { name: 'demo' } } });
    store.settings = [{ key: 'demo.name', value: 'new' }];
    store.at = 8;
    expect(of.of(at('execute-1'), 'i')).toMatchObject({ revision: 8, tree: { demo: { name: 'new' } } });
  });

  test('with any settings has each of them, unless a later one is above or below it', () => {
    const key = fc.array(fc.constantFrom('a', 'b', 'constructor', 'x y'), { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'));
    const setting = fc.record({ key, value: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.constant([1])) });
    const found = (tree: Json | undefined, path: readonly string[]): unknown =>
      path.reduce<unknown>((inner, segment) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, segment) ? (inner as Record<string, unknown>)[segment] : undefined), tree);
    fc.assert(
      fc.property(fc.array(setting, { maxLength: 12 }), (settings) => {
        const { tree } = over(undefined, settings);
        const touches = (one: string, other: string): boolean => one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
        const standing = settings.filter(({ key }, index) => !settings.slice(index + 1).some((later) => touches(later.key, key)));
        expect(standing.map(({ key }) => found(tree('n1'), key.split('.')))).toEqual(standing.map(({ value }) => value));
      }),
    );
  });
});

describe('a pattern', () => {
  test.each([
    ['*', 'anything', true],
    ['a*', 'a', true],
    ['a*c', 'abc', true],
    ['a*c', 'abcd', false],
    ['a*b*c', 'aXbYbc', true],
    ['**', '', true],
    ['a.c', 'abc', false],
    ['[a]*', '[a]b', true],
    ['*a*a*a*a*a*a*a*b', 'a'.repeat(100), false],
  ])('%j fits %j: %s', (pattern, name, fits) => {
    const { of } = over({ nodes: { [pattern]: { roles: ['found'] } } });
    expect(of.rolesOf(at(name))).toEqual(fits ? ['found'] : []);
  });
});

describe('what can be sent', () => {
  const large = (bytes: number): Setting => ({ key: 'k', value: 'v'.repeat(bytes) });
  const megabyte = 1024 * 1024;

  test('is a tree of a megabyte, measured with everything that is in it already', () => {
    const { of } = over(template);
    expect(of.check('box', ['execute-1'], [large(megabyte - 1_000)])).toMatchObject({ ok: true });
    expect(of.check('box', ['execute-1'], [large(megabyte - 10)])).toMatchObject({ ok: false, error: { code: 'message_too_large' } });
  });

  test('is measured for nodes that have a setting of their own, and for those to come', () => {
    const own = over(undefined, [{ ...large(megabyte / 2 + 100), node: 'n7' }]);
    expect(own.of.check('box', [], [{ key: 'other', value: 'v'.repeat(megabyte / 2) }])).toMatchObject({ ok: false });
    const entry = over({ nodes: { 'big-*': { configuration: { k: 'v'.repeat(megabyte / 2 + 100) } } } });
    expect(entry.of.check('box', [], [{ key: 'other', value: 'v'.repeat(megabyte / 2) }])).toMatchObject({ ok: false });
    expect(entry.of.check('box', ['small'], [{ node: 'small', key: 'other', value: 'v'.repeat(megabyte / 2) }])).toMatchObject({ ok: true });
  });

  test('nests no deeper than a frame that carries it can be read', () => {
    const deep = (levels: number): Tree => {
      let tree: Tree = { end: 1 };
      for (let level = 1; level < levels; level += 1) tree = { a: tree };
      return tree;
    };
    expect(checkTree(deep(57))).toMatchObject({ ok: false, error: { code: 'message_too_large' } });
    expect(checkTree(deep(56))).toMatchObject({ ok: true });
    const sent = frame('command', { command: '00000000-0000-4000-8000-000000000001', name: 'set', key: 'k', configuration: { revision: 1, tree: deep(56) } });
    expect(decodeFrame(encodeFrame(sent))).toMatchObject({ ok: true });
    expect(over(undefined).of.check('box', [], [{ key: Array(60).fill('k').join('.'), value: 1 }])).toMatchObject({ ok: false });
  });

  test('a template that is too large alone is named by its cluster', () => {
    const { of } = over({ configuration: { k: 'v'.repeat(megabyte) } });
    expect(of.checkAll()).toMatchObject({ ok: false, error: { message: expect.stringMatching(/^cluster box: the configuration takes \d+ bytes: at most 1048576 are allowed$/) } });
    expect(over(template).of.checkAll()).toEqual({ ok: true, value: undefined });
  });
});
