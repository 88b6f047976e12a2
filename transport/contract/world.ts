// What an adapter gives to be held to the contract, and the small words the contract is written in.
import type { Delivery, DeliveryHandler, OutgoingMessage, PublishOutcome, Subscription, Transport, TransportOptions, TransportStatus } from '../port.ts';
import type { Queue, Topology } from '../topology.ts';

export interface Link {
  readonly transport: Transport;
  /** Cuts the connection abruptly, as a network would. It may come back. */
  drop(): void;
}

/** A piece of a broker whose names nobody else uses. */
export interface World {
  readonly prefix: string;
  readonly link: (topology: Topology, bounds?: Pick<TransportOptions, 'maxInFlight'>) => Promise<Link>;
  /** As an operator would. */
  readonly deleteQueue: (name: string) => Promise<void>;
  /** Closes every transport and removes what was declared. */
  dispose(): Promise<void>;
}

export interface Harness {
  world(): Promise<World>;
}

const patienceMs = 15_000;

/** Waits for a condition, looking again every few milliseconds. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

/** One topic exchange `x` and the queues given, each bound with its key in `keys`, else with `#`. */
export const topicTopology = (prefix: string, queues: readonly Queue[], keys: Readonly<Record<string, string>> = {}): Topology => ({
  exchanges: [{ name: `${prefix}.x`, type: 'topic' }],
  queues: queues.map((queue) => ({ ...queue, name: `${prefix}.${queue.name}` })),
  bindings: queues.map(({ name }) => ({ exchange: `${prefix}.x`, queue: `${prefix}.${name}`, key: keys[name] ?? '#' })),
});

/** A topic exchange `x` and its queue `q`, whose dead letters go to the classic queue `dead`. */
export const deadLetterTopology = (prefix: string, spec: Pick<Queue, 'deliveryLimit' | 'messageTtlMs' | 'type'>): Topology => ({
  exchanges: [
    { name: `${prefix}.x`, type: 'topic' },
    { name: `${prefix}.dlx`, type: 'fanout' },
  ],
  queues: [
    { ...spec, name: `${prefix}.q`, deadLetter: `${prefix}.dlx` },
    { name: `${prefix}.dead`, type: 'classic' },
  ],
  bindings: [
    { exchange: `${prefix}.x`, queue: `${prefix}.q`, key: '#' },
    { exchange: `${prefix}.dlx`, queue: `${prefix}.dead`, key: '' },
  ],
});

export const connected = async (link: Link | Promise<Link>): Promise<Transport> => {
  const { transport } = await link;
  await until('the transport is connected', () => transport.state === 'connected');
  return transport;
};

let minted = 0;

export const message = (exchange: string, routingKey: string, body = 'body', more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  exchange,
  routingKey,
  body: Buffer.from(body),
  messageId: `m${++minted}`,
  persistent: true,
  ...more,
});

export const outcomes = (publishes: readonly Promise<PublishOutcome>[]): Promise<readonly string[]> =>
  Promise.all(publishes.map(async (publish) => (await publish).outcome));

/** Records every status of a transport from now on. */
export const statusesOf = (transport: Transport): TransportStatus[] => {
  const heard: TransportStatus[] = [];
  transport.onStatus((status) => void heard.push(status));
  return heard;
};

export interface Collected {
  readonly deliveries: readonly Delivery[];
  readonly subscription: Subscription;
  bodies(): readonly string[];
  /** Resolves when `count` have arrived. */
  arrived(count: number): Promise<void>;
}

/** Consumes a queue and records what arrives. */
export const collect = async (transport: Transport, queue: string, handle: DeliveryHandler = () => 'ack', prefetch = 100): Promise<Collected> => {
  const deliveries: Delivery[] = [];
  const subscription = await transport.consume(queue, { prefetch }, (delivery) => {
    deliveries.push(delivery);
    return handle(delivery);
  });
  const bodies = (): readonly string[] => deliveries.map(({ body }) => Buffer.from(body).toString());
  return {
    deliveries,
    subscription,
    bodies,
    arrived: (count) => until(`${count} messages have arrived from ${queue}`, () => deliveries.length >= count),
  };
};
