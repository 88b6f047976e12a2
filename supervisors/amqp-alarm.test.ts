// What a broker cannot be brought to do on demand: end the publish channel of a connection that it blocks. The peer here
// speaks just enough AMQP 0-9-1 for it.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { until } from '../transport/contract/world.ts';
import { connectAlone } from './testing/connect-alone.ts';

const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number): Buffer => Buffer.concat([u16(value >>> 16), u16(value & 65_535)]);
const short = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const long = (text: string): Buffer => Buffer.concat([u32(text.length), Buffer.from(text)]);

/** A method frame; `method` is class and method as in the specification. */
const frame = (channel: number, method: readonly [number, number], ...fields: readonly Buffer[]): Buffer => {
  const payload = Buffer.concat([u16(method[0]), u16(method[1]), ...fields]);
  return Buffer.concat([Buffer.from([1]), u16(channel), u32(payload.length), payload, Buffer.from([0xce])]);
};

const table = (...fields: readonly Buffer[]): Buffer => Buffer.concat([u32(Buffer.concat(fields).length), ...fields]);
const isTrue = (name: string): Buffer => Buffer.concat([short(name), Buffer.from('t'), Buffer.from([1])]);
const text = (name: string, value: string): Buffer => Buffer.concat([short(name), Buffer.from('S'), long(value)]);
const capabilities = table(...['publisher_confirms', 'basic.nack', 'consumer_cancel_notify', 'per_consumer_qos'].map(isTrue));
const properties = table(text('product', 'RabbitMQ'), text('version', '4.0.5'), short('capabilities'), Buffer.from('F'), capabilities);

const start = frame(0, [10, 10], Buffer.from([0, 9]), properties, long('PLAIN'), long('en_US'));
const blocked = frame(0, [10, 60], short('memory'));
const unblocked = frame(0, [10, 61]);
const closeChannel = (channel: number): Buffer => frame(channel, [20, 40], u16(404), short('NOT_FOUND'), u16(60), u16(40));

/** What each request is answered with. */
const answers: Readonly<Record<string, (channel: number) => Buffer>> = {
  '10.11': () => frame(0, [10, 30], u16(2_047), u32(131_072), u16(0)),
  '10.40': () => frame(0, [10, 41], short('')),
  '10.50': () => frame(0, [10, 51]),
  '20.10': (channel) => frame(channel, [20, 11], long('')),
  '20.40': (channel) => frame(channel, [20, 41]),
  '85.10': (channel) => frame(channel, [85, 11]),
};

const setUp = async () => {
  /** The connection that is published on, its channel, and an answer held back. */
  const peer: { socket?: Socket; channel: number; reads: boolean; held: Buffer[] } = { channel: 0, reads: true, held: [] };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    let greeted = false;
    let data = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      data = Buffer.concat([data, chunk]);
      if (!greeted && data.length >= 8) {
        greeted = true;
        data = data.subarray(8);
        socket.write(start);
      }
      while (data.length >= 7 && data.length >= data.readUInt32BE(3) + 8) {
        const size = data.readUInt32BE(3) + 8;
        const channel = data.readUInt16BE(1);
        const method = size < 12 ? '' : `${data.readUInt16BE(7)}.${data.readUInt16BE(9)}`;
        data = data.subarray(size);
        if (method === '85.10') Object.assign(peer, { socket, channel });
        const answer = answers[method]?.(channel);
        if (answer === undefined) continue;
        if (peer.reads || socket !== peer.socket) socket.write(answer);
        else peer.held.push(answer);
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const topology = { exchanges: [], queues: [], bindings: [] };
  const common = { name: 'test', topology, clock: systemClock, random: seededRandom(1), retryMs: { first: 10, most: 20 } };
  const transport = connectAlone({ ...common, urls: [`amqp://127.0.0.1:${port}`], connectTimeoutMs: 10_000 });
  cleanUps.push(() => transport.close());
  await until('it is connected', () => transport.state === 'connected');
  const told: string[] = [];
  transport.onStatus(({ type }) => told.push(type));
  return { transport, told, peer };
};

test('a publish channel that is replaced on a blocked connection is blocked from the start', async () => {
  const { transport, told, peer } = await setUp();
  peer.socket?.write(blocked);
  await until('the alarm is told', () => transport.state === 'blocked');
  peer.socket?.write(closeChannel(peer.channel));
  await until('the channel is replaced', () => told.includes('connected'));
  expect(transport.state).toBe('blocked');
  expect(told).toEqual(['blocked', 'disconnected', 'connecting', 'connected', 'blocked']);
  peer.socket?.write(unblocked);
  await until('the alarm is over', () => transport.state === 'connected');
});

test('an alarm that ends while there is no publish channel does not pass for a connection', async () => {
  const { transport, told, peer } = await setUp();
  peer.socket?.write(blocked);
  await until('the alarm is told', () => transport.state === 'blocked');
  peer.reads = false;
  peer.socket?.write(closeChannel(peer.channel));
  await until('the new channel is asked for', () => peer.held.length > 0);
  peer.reads = true;
  peer.socket?.write(Buffer.concat([unblocked, ...peer.held]));
  await until('it is connected', () => told.includes('connected'));
  expect(told).toEqual(['blocked', 'disconnected', 'connecting', 'connected']);
  expect(transport.state).toBe('connected');
});
