import { systemRandom, uuid7 } from '../../effects/random.ts';
import { systemClock } from '../../effects/clock.ts';
import type { ReportedEvent } from '../../actors/node/messaging/accept.ts';
import { eventBytes } from './load.ts';

/** Ids of their own, at the price of a counter: to make an event is none of the work that is measured. */
const firstId = uuid7(systemClock.now(), systemRandom).slice(0, -8);
let made = 0;

const bare = (message: string): ReportedEvent => {
  made += 1;
  return { kind: 'log', id: firstId + made.toString(16).padStart(8, '0'), at: systemClock.now(), level: 'info', priority: 'medium', message };
};

const text = 'job 4711 finished on 16 cores after 01:23:45, exit code 0, 42 GiB written to /shared/results/run-0815; ';
const message = text.repeat(3).slice(0, eventBytes - JSON.stringify(bare('')).length);

/** A log event that takes `eventBytes` as it is encoded. */
export const makeEvent = (): ReportedEvent => bare(message);
