import { expect, test } from '@jest/globals';
import type { Json } from '../../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { newId } from '../../testing/frames.ts';
import { MemoryState } from '../testing/memory-state.ts';
import type { PropertyRequest } from './messages.ts';
import { propertiesKey } from './properties.ts';
import { SetProperties } from './set-properties.ts';

const begin = (state = new MemoryState()) => {
  const properties = new SetProperties(state);
  const set = (key: string, value: string | undefined, id = newId()): PropertyRequest => ({ id, at: 5, key, value });
  return {
    give: (request: PropertyRequest): Promise<Result<boolean>> => properties.set(request, undefined),
    kept: (): Json | undefined => state.get(propertiesKey),
    set,
    state,
    tellStanding: (): Promise<Result<boolean>> => properties.tellStanding(() => ({ id: newId(), at: 9 }), undefined),
  };
};

const full = { code: 'state_unwritable', message: 'full' } as const;

test('a request that comes again changes nothing and tells nothing, also when another one set the same property in between, and by a later life', async () => {
  const { give, kept, set, state } = begin();
  const [first, second] = [set('a', '1'), set('a', '2')];
  expect([await give(first), await give(first), await give(second), await give(first)]).toEqual([ok(true), ok(false), ok(true), ok(false)]);
  expect(await begin(state).give(first)).toEqual(ok(false));
  expect([kept(), state.reports.length]).toEqual([{ a: '2' }, 2]);
});

test('one that could not be kept is none that came before, nor part of those that were asked for with it', async () => {
  const { give, kept, set, state } = begin();
  const change = state.change.bind(state);
  let writes = 0;
  state.change = async (...step) => ((writes += 1) === 1 ? fail(full.code, full.message) : change(...step));
  const first = set('a', '1');
  expect(await Promise.all([give(first), give(set('b', '2'))])).toEqual([{ ok: false, error: full }, ok(true)]);
  expect(kept()).toEqual({ b: '2' });
  expect([await give(first), kept()]).toEqual([ok(true), { a: '1', b: '2' }]);
});

test('many at once are all there', async () => {
  const { give, kept, set } = begin();
  await Promise.all(['a', 'b', 'c.d', 'c.e'].map((key) => give(set(key, key))));
  expect(kept()).toEqual({ a: 'a', b: 'b', c: { d: 'c.d', e: 'c.e' } });
});

test('the last requests are remembered, and no more', async () => {
  const { give, set, state } = begin();
  for (let index = 0; index < 100; index += 1) await give(set('a', String(index)));
  const [, ids] = [...state.values].find(([key]) => key !== propertiesKey) ?? [];
  expect(ids).toHaveLength(64);
});

test('what is set is told anew by its names, after what is under way, and nothing where nothing is set', async () => {
  const { give, set, state, tellStanding } = begin();
  expect([await tellStanding(), state.reports]).toEqual([ok(false), []]);
  await Promise.all([give(set('rack.name', 'r1')), give(set('owner', 'me')), give(set('rack.name', 'r2'))]);
  const told = state.reports.length;
  const [, , again] = await Promise.all([give(set('owner', undefined)), give(set('rack.row', '3')), tellStanding()]);
  expect(again).toEqual(ok(true));
  expect(state.reports.slice(told + 2).map(({ event }) => event)).toEqual([
    { kind: 'property', id: expect.any(String), at: 9, key: 'rack.name', value: 'r2' },
    { kind: 'property', id: expect.any(String), at: 9, key: 'rack.row', value: '3' },
  ]);
});
