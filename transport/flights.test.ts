import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ManualClock } from '../effects/manual-clock.ts';
import { message } from './contract/world.ts';
import { Flights, type Outcome } from './flights.ts';
import { InFlight } from './in-flight.ts';

const scene = () => {
  const clock = new ManualClock();
  const bound = new InFlight(100);
  const flights = new Flights(clock, 1_000, bound);
  const landed: string[] = [];
  const begin = (name: string) => flights.begin(message('x', 'k', name), ({ outcome }) => void landed.push(`${name} ${outcome}`));
  return { begin, bound, clock, flights, landed };
};

describe('publishes in flight', () => {
  test('a flight lands once, with the first outcome, and lets its message go', () => {
    const { begin, bound, landed } = scene();
    const flight = begin('a');
    expect(flight.message).toMatchObject({ exchange: 'x' });
    flight.land('nacked');
    flight.land('confirmed');
    expect([landed, flight.message, bound.count]).toEqual([['a nacked'], undefined, 0]);
  });

  test('each lands as `unconfirmed` when its own time is up, and one timer serves them all', async () => {
    const { begin, clock, landed } = scene();
    begin('a');
    await clock.advance(600);
    begin('b');
    begin('c').land('confirmed');
    expect(clock.armed).toBe(1);
    await clock.advance(399);
    expect(landed).toEqual(['c confirmed']);
    await clock.advance(1);
    expect(landed).toEqual(['c confirmed', 'a unconfirmed']);
    await clock.advance(599);
    expect(landed).toHaveLength(2);
    await clock.advance(1);
    expect([landed.at(-1), clock.armed]).toEqual(['b unconfirmed', 0]);
  });

  test('when nobody waits any more, all are `closed` at once and no timer is left', () => {
    const { begin, clock, flights, landed } = scene();
    begin('a');
    begin('b');
    flights.abandon();
    expect([landed, clock.armed]).toEqual([['a closed', 'b closed'], 0]);
    begin('c');
    expect(clock.armed).toBe(1);
  });

  test('its message is its own: what the owner does to bytes and headers afterwards changes nothing', () => {
    const { flights } = scene();
    const body = Buffer.from('before');
    const headers = { h: 'before' };
    const flight = flights.begin(message('x', 'k', '', { body, headers }), () => undefined);
    body.fill('!');
    headers.h = 'after';
    expect([Buffer.from(flight.message!.body).toString(), flight.message!.headers]).toEqual(['before', { h: 'before' }]);
  });

  test('whatever order they land in, every one has exactly one outcome', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.constantFrom<Outcome>('confirmed', 'nacked'))), fc.nat(20), (landings, count) => {
        const { begin, bound, flights, landed } = scene();
        const all = Array.from({ length: count }, (_, index) => begin(String(index)));
        for (const [index, outcome] of landings) all[index]?.land(outcome);
        flights.abandon();
        expect(landed.map((line) => Number(line.split(' ')[0])).toSorted((a, b) => a - b)).toEqual(all.map((_, index) => index));
        expect(bound.count).toBe(0);
      }),
    );
  });
});
