import { expect, test } from '@jest/globals';
import type { Json } from '../../../protocol/configuration.ts';
import { specReferences } from './spec-references.ts';

const read = (specs: Json, locker: Json = null) => specReferences({ cyclecloud: { cluster_init_specs: specs, locker } });
const spec = { project: 'grid', version: '1.0.0', spec: 'default' };

test('specs and the locker are read as they stand, in the order of the list', () => {
  const second = { ...spec, spec: 'second', order: -1, optional: true, locker: 'file:///other' };
  expect(read([spec, second], 'file:///locker')).toEqual({ specs: [spec, second], locker: 'file:///locker' });
});

test.each([[{}], [{ cyclecloud: 'text' }], [{ cyclecloud: {} }], [{ cyclecloud: { cluster_init_specs: null, locker: '' } }], [{ cyclecloud: [] }]])('none are none: %j', (tree) => {
  expect(specReferences(tree)).toEqual({ specs: [], locker: undefined });
});

test('what is no spec is left out, and the first of them named without its content', () => {
  const flawed = read([spec, { ...spec, version: 1 }, 'secret']);
  expect(flawed.specs).toEqual([spec]);
  expect(flawed.flaw).toMatch(/^cyclecloud\.cluster_init_specs\[1\] is unusable: version: /);
  expect(read({ grid: spec })).toMatchObject({ specs: [], flaw: 'cyclecloud.cluster_init_specs is not a list' });
});
