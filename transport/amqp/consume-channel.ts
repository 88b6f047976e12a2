// Consumes one queue on a channel of its own. It settles on the channel of the delivery, and not at all once that has ended:
// the broker delivers again. It never holds deliveries back: each is handed on as it comes, and the prefetch bounds them.
import type { Channel, ConsumeMessage, Message } from 'amqplib';
import type { Clock } from '../../effects/clock.ts';
import type { Incoming } from '../broker-side.ts';
import type { Delivery, HeaderValue } from '../port.ts';
import type { OpenChannel } from './channel.ts';
import { Settlements, type Settler } from './settlements.ts';

/** Headers that are tables or lists, such as the broker's own `x-death`, are left out. */
const plainHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, HeaderValue> => {
  const plain: Record<string, HeaderValue> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') plain[name] = value;
  }
  return plain;
};

const deliveryFrom = ({ content, fields, properties }: ConsumeMessage, queue: string): Delivery => ({
  body: content,
  exchange: fields.exchange,
  routingKey: fields.routingKey,
  queue,
  messageId: properties.messageId,
  correlationId: properties.correlationId,
  contentType: properties.contentType,
  headers: plainHeaders(properties.headers ?? {}),
  redelivered: fields.redelivered,
  userId: properties.userId,
});

/** amqplib reads only the tag of what is settled. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const tagged = (deliveryTag: number): Message => ({ fields: { deliveryTag } }) as Message;

export class ConsumeChannel {
  readonly #open: OpenChannel<Channel>;
  readonly #gone: Promise<void>;
  readonly #prefetch: number;
  readonly #settlements: Settlements;
  #tag: string | undefined;
  #closing = false;
  #others = 0;

  /** `dropped` is told of settlements that came to nothing. */
  constructor(open: OpenChannel<Channel>, gone: Promise<void>, prefetch: number, clock: Clock, dropped: (count: number) => void) {
    const { channel } = open;
    this.#open = open;
    this.#gone = gone;
    this.#prefetch = prefetch;
    const settler: Settler = {
      get alive() {
        return open.alive;
      },
      ack: (tag, upTo) => channel.ack(tagged(tag), upTo),
      reject: (tag, requeue) => channel.reject(tagged(tag), requeue),
      dropped,
    };
    this.#settlements = new Settlements(settler, prefetch, clock);
    void open.ended.then(() => this.#settlements.flush());
  }

  /** `cancelled`: the broker ended it, because the queue is gone or this consumer took too long. */
  async start(queue: string, deliver: (incoming: Incoming) => void, cancelled: () => void): Promise<void> {
    const { channel } = this.#open;
    await channel.prefetch(this.#prefetch);
    this.#others = (await channel.checkQueue(queue)).consumerCount;
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) cancelled();
      else deliver(this.#incoming(message, queue));
    });
    this.#tag = consumerTag;
  }

  /** No more deliveries; what was delivered can still be settled. */
  async cancel(): Promise<void> {
    if (this.#tag === undefined || !this.#open.alive) return;
    await Promise.race([this.#open.channel.cancel(this.#tag).catch(() => undefined), this.#open.ended, this.#gone]);
  }

  get others(): number {
    return this.#others;
  }

  /** Whether its end was asked for. */
  get closing(): boolean {
    return this.#closing;
  }

  close(): Promise<void> {
    this.#closing = true;
    this.flush();
    return this.#open.close();
  }

  /** Sends the settlements that wait for others. */
  flush(): void {
    this.#settlements.flush();
  }

  #incoming(message: ConsumeMessage, queue: string): Incoming {
    const { deliveryTag } = message.fields;
    this.#settlements.arrived(deliveryTag);
    return {
      delivery: deliveryFrom(message, queue),
      settle: (settlement) => this.#settlements.settle(deliveryTag, settlement),
    };
  }
}
