// What an actor with a transport is tested on: a broker in this process, and the same behind a bad network. Whatever the
// second does, an actor's promises hold; so a test counts nothing twice that may come twice, and asks again as callers do.
import type { Clock } from '../../effects/clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { FaultyTransport } from '../../transport/faulty/transport.ts';
import type { Transport } from '../../transport/port.ts';

export interface Wire {
  readonly name: string;
  readonly over: (inner: Transport, clock: Clock) => Transport;
}

const faults = { duplicate: 0.4, late: 0.4, lateMs: 20, lostConfirm: 0.2, lostPublish: 0.2, disconnect: 0.1, outageMs: 30 };

export const wires: readonly Wire[] = [
  { name: 'the embedded broker', over: (inner) => inner },
  ...[1, 2, 3].map((seed) => ({
    name: `a bad network (seed ${seed})`,
    over: (inner: Transport, clock: Clock) => new FaultyTransport(inner, { clock, random: seededRandom(seed), faults }),
  })),
];
