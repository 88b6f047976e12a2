// A message as the embedded broker keeps it: bytes of its own, so that neither sender nor receiver can reach into it.
import type { Delivery, OutgoingMessage } from '../port.ts';

export interface Stored {
  readonly body: Buffer;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;
  readonly correlationId: string | undefined;
  readonly contentType: string | undefined;
  readonly headers: OutgoingMessage['headers'];
  readonly expiresMs: number | undefined;
}

export const storedFrom = (message: OutgoingMessage): Stored => ({
  body: Buffer.from(message.body),
  exchange: message.exchange,
  routingKey: message.routingKey,
  messageId: message.messageId,
  correlationId: message.correlationId,
  contentType: message.contentType,
  headers: { ...message.headers },
  expiresMs: message.expiresMs,
});

/** As RabbitMQ dead-letters: published to the dead-letter exchange under its old key, and it no longer expires. */
export const deadFrom = (stored: Stored, exchange: string): Stored => ({ ...stored, exchange, expiresMs: undefined });

export const deliveryFrom = (stored: Stored, queue: string, redelivered: boolean): Delivery => ({
  body: Buffer.from(stored.body),
  exchange: stored.exchange,
  routingKey: stored.routingKey,
  queue,
  messageId: stored.messageId,
  correlationId: stored.correlationId,
  contentType: stored.contentType,
  headers: { ...stored.headers },
  redelivered,
  userId: undefined,
});
