// As much of AMQP 0-9-1 as it takes to publish and to consume, written by hand: what a client costs that does nothing else.
import { connect, type Socket } from 'node:net';
import type { BrokerAccess } from './fresh.ts';

const frameEnd = 0xce;
const method = 1;
const maxFrame = 131_072;

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)]);
const short = (text: string): Buffer => Buffer.concat([u8(Buffer.byteLength(text)), Buffer.from(text)]);
const long = (text: string): Buffer => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
const noTable = u32(0);

const frame = (type: number, channel: number, payload: Buffer): Buffer => Buffer.concat([u8(type), u16(channel), u32(payload.length), payload, u8(frameEnd)]);

/** A method by its class and number, on the connection (channel 0) or on the one channel there is. */
const call = (channel: 0 | 1, classId: number, methodId: number, ...fields: readonly Buffer[]): Buffer => frame(method, channel, Buffer.concat([u16(classId), u16(methodId), ...fields]));

/** Publish, header and body: persistent and mandatory. */
export const publishFrames = (exchange: string, key: string, body: Buffer): Buffer => {
  const deliveryMode = 0x1000;
  const header = Buffer.concat([u16(60), u16(0), u64(body.length), u16(deliveryMode), u8(2)]);
  return Buffer.concat([call(1, 60, 40, u16(0), short(exchange), short(key), u8(1)), frame(2, 1, header), frame(3, 1, body)]);
};

/** Acknowledges everything up to a delivery tag. */
export const ackFrame = (tag: number): Buffer => call(1, 60, 80, u64(tag), u8(1));
export const confirmSelect = call(1, 85, 10, u8(0));
export const qos = (count: number): Buffer => call(1, 60, 10, u32(0), u16(count), u8(0));
export const consume = (queue: string): Buffer => call(1, 60, 20, u16(0), short(queue), short(''), u8(0), noTable);

/** The numbers of methods that come from the broker, as class times 1,000 and method. */
export const heard = { start: 10_010, tune: 10_030, opened: 10_041, closed: 10_050, channelOpened: 20_011, channelClosed: 20_040, qosOk: 60_011, consumeOk: 60_021, returned: 60_050, delivered: 60_060, ack: 60_080, nack: 60_120, selectOk: 85_011 } as const;

/** One connection with one channel. */
export class RawChannel {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, () => void>();
  #rest: Buffer = Buffer.alloc(0);
  /** Told every method that nobody waits for; `at` is where its fields begin. */
  onMethod: (number: number, bytes: Buffer, at: number) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  static async open({ url }: BrokerAccess): Promise<RawChannel> {
    const { hostname, password, port, username } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const raw = new RawChannel(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    await raw.ask(Buffer.from('AMQP\0\0\u0009\u0001', 'latin1'), heard.start);
    await raw.ask(call(0, 10, 11, noTable, short('PLAIN'), long(`\0${username}\0${password}`), short('en_US')), heard.tune);
    raw.write(call(0, 10, 31, u16(1), u32(maxFrame), u16(0)));
    await raw.ask(call(0, 10, 40, short('/'), short(''), u8(0)), heard.opened);
    await raw.ask(call(1, 20, 10, short('')), heard.channelOpened);
    return raw;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Writes, and waits for the method that answers. */
  ask(bytes: Buffer, answer: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(answer, resolve);
      this.write(bytes);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + 7 <= bytes.length) {
      const size = bytes.readUInt32BE(at + 3);
      if (at + size + 8 > bytes.length) break;
      if (bytes[at] === method) this.#heard(bytes.readUInt16BE(at + 7) * 1_000 + bytes.readUInt16BE(at + 9), bytes, at + 11);
      at += size + 8;
    }
    this.#rest = bytes.subarray(at);
  }

  #heard(number: number, bytes: Buffer, at: number): void {
    const waits = this.#waiting.get(number);
    if (waits === undefined) {
      this.onMethod(number, bytes, at);
      return;
    }
    this.#waiting.delete(number);
    waits();
  }
}
