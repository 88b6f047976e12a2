// The transport and the whole durable way beside amqplib on the same broker, and beside other queues (docs/BENCHMARKS.md).
import type { BenchBroker } from './broker.ts';
import type { Comparison, Suite } from './harness.ts';
import { bareOneWay, bareSending } from './transport/bare.ts';
import type { BrokerAccess } from './transport/fresh.ts';
import { inTurn, latencyTurns, type Latency, type LatencyPair, type Sending } from './latency.ts';
import { ackEvery, eventBytes } from './transport/load.ts';
import { natsPeer } from './transport/nats.ts';
import { ourOneWay, ourSending } from './transport/ours.ts';
import { rawOneWay } from './transport/raw.ts';
import { redisPeer } from './transport/redis.ts';
import { Stages } from './transport/stages.ts';
import { wholeWay, type WholeLoad } from './transport/whole.ts';

const messages = 10_000;
const batch = 32;
const batches = 3_000;
const wholeEvents = 51_200;
const latencyMessages = 2_000;
const array = 256;

const opaque = { messages, bytes: eventBytes };
const oneByOne: WholeLoad = { events: 6_400, array: 64, perFrame: 1 };
const gathered: WholeLoad = { events: wholeEvents, array };

type Access = () => Promise<BrokerAccess>;

const bare = (access: Access, every: number) => async (): Promise<number> => bareOneWay(await access(), { ...opaque, ackEvery: every });

const whole = (access: Access, load: WholeLoad) => async (): Promise<number> => (await wholeWay(await access(), load)).rate;

const sharesOf = (access: Access, load: WholeLoad) => async (): Promise<Readonly<Record<string, number>>> => {
  const { shares } = await wholeWay(await access(), load, () => new Stages());
  if (shares === undefined) throw new Error('no stages were measured');
  return shares;
};

const throughput = (plain: Access): readonly Comparison[] => [
  {
    name: 'P1, transport: one event of 256 bytes a message, published, confirmed, consumed, acknowledged',
    unit: 'messages',
    aim: 0.9,
    peer: { name: 'amqplib, acknowledging each delivery', turn: bare(plain, 1) },
    others: [
      { name: `amqplib, acknowledging every ${ackEvery}th for all before`, turn: bare(plain, ackEvery) },
      { name: 'frames encoded before, fifty a write: what the broker takes', aim: 0.75, turn: async () => rawOneWay(await plain(), opaque) },
    ],
    product: { name: 'transport', turn: async () => ourOneWay(await plain(), opaque) },
  },
  {
    name: 'P1, whole way: one event a frame, with outbox and store',
    unit: 'events',
    aim: 0.5,
    peer: { name: 'amqplib, acknowledging each delivery, nothing stored', turn: bare(plain, 1) },
    product: { name: 'messaging to store', turn: whole(plain, oneByOne) },
    shares: sharesOf(plain, oneByOne),
  },
  {
    name: `P2: durable events from arrays of ${array} to the server's commit`,
    unit: 'events',
    aim: 0.2,
    peer: {
      name: `amqplib, opaque batches of ${batch}, nothing stored`,
      turn: async () => batch * (await bareOneWay(await plain(), { messages: batches, bytes: batch * eventBytes, ackEvery: 1 })),
    },
    others: [
      redisPeer(`an event a message, ${batch} a pipeline`, { messages: batch * 640, perMessage: 1, eventBytes, pipeline: batch }),
      redisPeer(`${batch} events a message`, { messages: batches, perMessage: batch, eventBytes, pipeline: 1 }),
      natsPeer('an event a message', { messages, perMessage: 1, eventBytes }),
      natsPeer(`${batch} events a message`, { messages: batches, perMessage: batch, eventBytes }),
    ],
    product: { name: 'messaging to store', turn: whole(plain, gathered) },
    shares: sharesOf(plain, gathered),
  },
];

const pairOf = (peer: Sending, product: Sending): Promise<LatencyPair> => peer((one) => product((other) => inTurn(latencyMessages, one, other)));

const bareOver = (access: BrokerAccess): Sending => (run) => bareSending(access, eventBytes, run);
const oursOver = (access: BrokerAccess): Sending => (run) => ourSending(access, eventBytes, run);

const latency = (plain: Access, what: keyof Latency, aim: number): Comparison => {
  const turns = latencyTurns(what, async () => pairOf(bareOver(await plain()), oursOver(await plain())));
  return {
    name: `P3: confirm latency, one publish in flight, ${what}`,
    unit: 'ms',
    less: true,
    aim,
    peer: { name: 'amqplib', turn: turns.peer },
    product: { name: 'transport', turn: turns.product },
  };
};

const tlsLatency = (plain: Access, tls: Access): Comparison => {
  const turns = latencyTurns('p50', async () => pairOf(oursOver(await plain()), oursOver(await tls())));
  return {
    name: 'TLS: confirm latency over amqps beside amqp, p50',
    unit: 'ms',
    less: true,
    aim: undefined,
    peer: { name: 'transport, amqp', turn: turns.peer },
    product: { name: 'transport, amqps', turn: turns.product },
  };
};

const overTls = (plain: Access, tls: Access): readonly Comparison[] => [
  {
    name: 'TLS: the transport of P1 over amqps beside amqp',
    unit: 'messages',
    aim: undefined,
    peer: { name: 'transport, amqp', turn: async () => ourOneWay(await plain(), opaque) },
    product: { name: 'transport, amqps', turn: async () => ourOneWay(await tls(), opaque) },
  },
  tlsLatency(plain, tls),
];

export const transport = (broker: BenchBroker): Suite => {
  const plain: Access = () => broker.plain();
  return {
    title: 'Transport and the durable way',
    libraries: ['amqplib', 'ioredis', 'nats', 'sqlite'],
    comparisons: [...throughput(plain), latency(plain, 'p50', 1.15), latency(plain, 'p99', 1.3), ...overTls(plain, () => broker.tls())],
    versions: () => broker.versions,
    close: () => broker.close(),
  };
};
