// One wish to consume a queue, over every session. Attached to a session it holds a channel of its own:
//
//   open a channel -> consume -> the broker cancels (the queue was deleted, its node is gone) or the channel ends
//     -> wait, declare the topology again, open another channel ...  until cancelled or the session ends
//
// It settles on the channel of the delivery, and not at all once that has ended: the broker delivers again. It never
// holds deliveries back: each goes to its handler as it comes, and the prefetch bounds them.
import type { Channel, ConsumeMessage } from 'amqplib';
import { Handlers } from '../handlers.ts';
import type { Delivery, DeliveryHandler, HeaderValue, Settlement, TransportStatus } from '../port.ts';
import type { OpenChannel } from './channel.ts';
import type { Session } from './session.ts';

/** Headers that are tables or lists, such as the broker's own `x-death`, are left out. */
const plainHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, HeaderValue> => {
  const plain: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(headers)) {
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
});

export class Consumer {
  readonly #queue: string;
  readonly #prefetch: number;
  readonly #tell: (status: TransportStatus) => void;
  readonly #handlers: Handlers;
  readonly #cancelled = Promise.withResolvers<void>();
  #wanted = true;
  #kept: Promise<void> = Promise.resolve();

  constructor(queue: string, prefetch: number, handler: DeliveryHandler, tell: (status: TransportStatus) => void) {
    this.#queue = queue;
    this.#prefetch = prefetch;
    this.#tell = tell;
    this.#handlers = new Handlers(handler, (reason) => tell({ type: 'handlerFailed', queue, reason }));
  }

  attach(session: Session): void {
    this.#kept = this.#keep(session);
  }

  async cancel(): Promise<void> {
    this.#wanted = false;
    this.#cancelled.resolve();
    await this.#kept;
    await this.#handlers.idle();
  }

  async #keep(session: Session): Promise<void> {
    while (this.#wanted && session.alive) {
      try {
        await this.#serve(await session.channel());
      } catch {
        // The channel ended in the middle of a request; amqplib says so by rejecting it.
      }
      if (!this.#wanted || !session.alive) return;
      this.#tell({ type: 'consumerCancelled', queue: this.#queue });
      await Promise.race([session.restore(session.delay.next()), this.#cancelled.promise]);
    }
  }

  /** Consumes on this channel until cancelled, by either side, or until the channel ends. */
  async #serve(open: OpenChannel<Channel>): Promise<void> {
    const { channel, ended } = open;
    try {
      const gone = Promise.withResolvers<void>();
      await channel.prefetch(this.#prefetch);
      const { consumerTag } = await channel.consume(this.#queue, (message) =>
        message === null ? gone.resolve() : this.#deliver(open, message),
      );
      await Promise.race([gone.promise, ended, this.#cancelled.promise]);
      if (this.#wanted || !open.alive) return;
      await channel.cancel(consumerTag);
      await Promise.race([this.#handlers.idle(), ended]);
    } finally {
      await open.close();
    }
  }

  #deliver(open: OpenChannel<Channel>, message: ConsumeMessage): void {
    const settle = (settlement: Settlement): void => {
      if (!open.alive) return;
      switch (settlement) {
        case 'ack':
          open.channel.ack(message);
          break;
        case 'requeue':
          // Not nack: from RabbitMQ 4.3 on a nack no longer counts towards the delivery limit.
          open.channel.reject(message, true);
          break;
        case 'reject':
          open.channel.reject(message, false);
          break;
      }
    };
    if (this.#wanted) this.#handlers.run(deliveryFrom(message, this.#queue), settle);
    else settle('requeue');
  }
}
