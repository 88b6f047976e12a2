// Which faults strike whom and when: drawn from a seed, so that a run can be repeated.
//
// A line for everything that can go wrong by itself: the wire of each program, each program, the broker. A line has one fault
// at a time and a rest before each; lines know nothing of each other, so faults of different lines overlap.
import { seededRandom, type Random } from '../../effects/random.ts';
import { anywhere, type Fault } from '../broker/tcp-proxy.ts';

export const server = 'server';
export const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'] as const;
export const programs = [server, ...nodes] as const;

export type NodeName = (typeof nodes)[number];
export type ProgramName = (typeof programs)[number];

/** `refuse`: nothing listens any more; what is connected stays. */
export type WireFault = Exclude<Fault, { readonly type: 'pass' }> | { readonly type: 'refuse' };

/** `kill`: SIGKILL. `stop`: SIGTERM. Either is followed by a start. `freeze`: SIGSTOP, then SIGCONT. */
export type ProgramFault = 'kill' | 'stop' | 'freeze';

export type BrokerFault =
  | { readonly type: 'stop' | 'kill' | 'close connections' | 'memory alarm' | 'purge reports' | 'delete reports' }
  | { readonly type: 'delete commands'; readonly node: NodeName };

export type Stroke =
  | { readonly on: 'wire'; readonly of: ProgramName; readonly fault: WireFault }
  | { readonly on: 'program'; readonly of: ProgramName; readonly fault: ProgramFault }
  | { readonly on: 'broker'; readonly fault: BrokerFault };

export interface Step {
  readonly restMs: number;
  readonly stroke: Stroke;
  /** Until it is undone. */
  readonly lastsMs: number;
}

export type Line = readonly Step[];

/** A frame of the load has a few thousand bytes. */
const mostBytes = 20_000;

interface Draw {
  readonly between: (least: number, most: number) => number;
  readonly pick: <T>(values: readonly [T, ...T[]]) => T;
  readonly random: Random;
}

const drawFrom = (random: Random): Draw => {
  const below = (limit: number): number => Math.floor(random.next() * limit);
  return {
    random,
    between: (least, most) => least + below(most - least),
    pick: (values) => values[below(values.length)] ?? values[0],
  };
};

const wireFault = ({ between, pick, random }: Draw): WireFault =>
  pick<() => WireFault>([
    () => ({ type: 'reset' }),
    () => ({ type: 'reset', at: anywhere(random, mostBytes) }),
    () => ({ type: 'truncate', at: anywhere(random, mostBytes) }),
    () => ({ type: 'silence' }),
    () => ({ type: 'silence', direction: pick(['toBroker', 'toClient']) }),
    () => ({ type: 'drip', bytes: between(1, 200), everyMs: between(5, 50) }),
    () => ({ type: 'refuse' }),
  ])();

/** Killed twice as often as stopped in good order. */
const programFault = ({ pick }: Draw): ProgramFault => pick(['kill', 'kill', 'stop', 'freeze']);

const brokerFault = ({ pick }: Draw): BrokerFault =>
  pick<() => BrokerFault>([
    () => ({ type: pick(['stop', 'kill', 'close connections', 'memory alarm', 'purge reports', 'delete reports']) }),
    () => ({ type: 'delete commands', node: pick(nodes) }),
  ])();

/** Steps until their time is over. */
const line = (withinMs: number, step: () => Step): Line => {
  const steps: Step[] = [];
  for (let at = 0; ; ) {
    const next = step();
    at += next.restMs + next.lastsMs;
    if (at > withinMs) return steps;
    steps.push(next);
  }
};

/** The same seed gives the same lines; a longer run begins with those of a shorter one. */
export const planChaos = (seed: number, withinMs: number): readonly Line[] => {
  const seeds = seededRandom(seed);
  // A line draws from a seed of its own, so that its length does not move the others.
  const own = (): Draw => drawFrom(seededRandom(Math.floor(seeds.next() * 2 ** 32)));
  const wires = programs.map((of) => {
    const draw = own();
    return line(withinMs, () => ({ restMs: draw.between(1_000, 9_000), stroke: { on: 'wire', of, fault: wireFault(draw) }, lastsMs: draw.between(200, 9_000) }));
  });
  const programLines = programs.map((of) => {
    const draw = own();
    return line(withinMs, () => ({ restMs: draw.between(4_000, 24_000), stroke: { on: 'program', of, fault: programFault(draw) }, lastsMs: draw.between(0, 8_000) }));
  });
  const draw = own();
  // The rest is long: RabbitMQ 3.10 does not survive a kill right after the declaration of a quorum queue.
  const broker = line(withinMs, () => ({ restMs: draw.between(6_000, 16_000), stroke: { on: 'broker', fault: brokerFault(draw) }, lastsMs: draw.between(500, 8_000) }));
  return [...wires, ...programLines, broker];
};

/** What a fault is called when faults are counted. */
export const nameOf = ({ fault, on }: Stroke): string => {
  if (typeof fault === 'string') return `${on} ${fault}`;
  const suffix = 'direction' in fault && fault.direction !== undefined ? ' one way' : 'at' in fault && fault.at !== undefined ? ' at a byte' : '';
  return `${on} ${fault.type}${suffix}`;
};
