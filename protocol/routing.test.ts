import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { limits } from './limits.ts';
import { checkUserRoutingKey, parseRoutingKey, routingKey, type Route } from './routing.ts';
import { address } from './testing/arbitraries.ts';
import { character } from './testing/character.ts';

const route: fc.Arbitrary<Route> = fc.oneof(
  fc
    .tuple(fc.constantFrom('events' as const, 'register' as const, 'heartbeat' as const, 'watch' as const, 'node' as const), address)
    .map(([type, names]) => ({ type, ...names })),
  address.map(({ cluster }) => ({ type: 'cluster' as const, cluster })),
);

describe('routing keys', () => {
  test('every route comes back from its key, whatever the names', () => {
    fc.assert(fc.property(route, (any) => expect(parseRoutingKey(routingKey(any))).toEqual(any)));
  });

  test('fit the bound of AMQP, whatever the names', () => {
    fc.assert(fc.property(route, (any) => expect(Buffer.byteLength(routingKey(any))).toBeLessThanOrEqual(limits.routingKey)));
  });

  test('have the forms that PROTOCOL.md promises', () => {
    const names = { cluster: 'lab 1', node: 'ip-10' };
    expect(routingKey({ type: 'events', ...names })).toBe('events.lab~201.ip-10');
    expect(routingKey({ type: 'register', ...names })).toBe('presence.lab~201.ip-10.register');
    expect(routingKey({ type: 'heartbeat', ...names })).toBe('presence.lab~201.ip-10.heartbeat');
    expect(routingKey({ type: 'watch', ...names })).toBe('presence.lab~201.ip-10.watch');
    expect(routingKey({ type: 'node', ...names })).toBe('node.lab~201.ip-10');
    expect(routingKey({ type: 'cluster', cluster: 'lab 1' })).toBe('cluster.lab~201');
  });

  test.each(['', '.', 'events', 'events.a', 'events.a.b.c', 'events..b', 'presence.a.b', 'presence.a.b.other', 'presence.a.b.register.c', 'cluster', 'cluster.a.b', 'node.a.b.', 'constructor.a.b', 'EVENTS.a.b', 'events.~41.b'])(
    '%j is no key of ours',
    (key) => expect(parseRoutingKey(key)).toBeUndefined(),
  );

  test('any text at all is parsed or refused, and what is parsed is the one key of its route', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: character }), fc.stringMatching(/^(events|node|presence|cluster)(\.[a-z~0-9]{0,4}){0,4}$/)), (key) => {
        const parsed = parseRoutingKey(key);
        expect([undefined, key]).toContain(parsed === undefined ? undefined : routingKey(parsed));
      }),
    );
  });
});

describe("a user's routing key", () => {
  test.each(['jobs', 'jobs.started.#', 'é'.repeat(127)])('%j is taken as it is', (key) => {
    expect(checkUserRoutingKey(key)).toEqual({ ok: true, value: key });
  });

  test.each([
    ['empty', '', 'is empty'],
    ['256 bytes long', 'é'.repeat(128), 'has 256 bytes: at most 255 are allowed'],
    ['with a line feed', 'a\nb', 'holds a control character'],
    ['with a NUL', 'a\0', 'holds a control character'],
  ])('%s is refused with what is wrong', (_, key, reason) => {
    const checked = checkUserRoutingKey(key);
    expect(checked).toMatchObject({ ok: false, error: { code: 'routing_key_invalid' } });
    expect(JSON.stringify(checked)).toContain(reason);
  });
});
