// Whether memory stays flat: what this process holds after 100,000 messages and after a million, garbage collected.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BenchBroker } from './broker.ts';
import type { Grown, Suite } from './harness.ts';
import { eventBytes } from './transport/load.ts';
import { ourFlow } from './transport/ours.ts';
import { wholeFlow } from './transport/whole.ts';

const early = 100_000;
const late = 1_000_000;
const aim = 0.1;

setFlagsFromString('--expose-gc');
// The flag reaches contexts that are made after it.
const collect = runInNewContext('gc') as () => void;

interface Held {
  readonly heap: number;
  readonly resident: number;
}

/** After two collections, between which what waits for the loop has gone. */
const held = async (): Promise<Held> => {
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
};

/** `flow` lets so many more messages through. */
const grown = async (flow: (count: number) => Promise<number>): Promise<readonly Grown[]> => {
  await flow(early);
  const before = await held();
  await flow(late - early);
  const after = await held();
  return [
    { what: 'heap', early: before.heap, late: after.heap },
    { what: 'resident', early: before.resident, late: after.resident },
  ];
};

export const memory = (broker: BenchBroker): Suite => ({
  title: `Memory after ${early.toLocaleString('en')} and after ${late.toLocaleString('en')} messages`,
  libraries: ['amqplib', 'sqlite'],
  comparisons: [],
  growths: [
    { name: 'transport', aim, measure: async () => ourFlow(await broker.plain(), eventBytes, grown) },
    { name: 'whole way, node and server in one process', aim, measure: async () => wholeFlow(await broker.plain(), grown) },
  ],
  versions: () => broker.versions,
  close: () => broker.close(),
});
