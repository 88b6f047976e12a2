// Publishes on one confirm channel: a flight lands with the broker's ack or nack, or with the end of the channel.
//
// The broker returns an unroutable message before it acks it, so a return is noted and the ack that follows reads the
// note. Notes are counted by message id, exchange and key: two publishes that share all three are the same message.
// A buffer that is full (publish answers false) is no refusal and nothing is sent twice: the bound on publishes in flight
// is the caller's protection.
import type { ConfirmChannel, Message, Options } from 'amqplib';
import type { Clock } from '../../effects/clock.ts';
import type { Flight, Outcome } from '../flights.ts';
import type { OutgoingMessage } from '../port.ts';
import { reasonOf } from '../reason.ts';

export interface Imprint {
  readonly clock: Clock;
  /** Names the sending program to whoever reads the message. */
  readonly name: string;
  /** The user of the connection; the broker takes no other. */
  readonly user: string;
}

const note = (messageId: unknown, exchange: string, routingKey: string): string => JSON.stringify([messageId, exchange, routingKey]);

const bytesOf = (body: Uint8Array): Buffer => (Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength));

/** amqplib throws when the channel is closing, and when the message cannot be encoded: then it would never be taken. */
const refused = (error: unknown): Outcome =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'IllegalOperationError' ? 'closed' : 'nacked';

export class PublishChannel {
  readonly #channel: Pick<ConfirmChannel, 'publish' | 'on'>;
  readonly #imprint: Imprint;
  readonly #closing: () => Promise<void>;
  readonly #returned = new Map<string, number>();

  constructor(channel: Pick<ConfirmChannel, 'publish' | 'on'>, imprint: Imprint, closing: () => Promise<void>) {
    this.#channel = channel;
    this.#imprint = imprint;
    this.#closing = closing;
    channel.on('return', ({ properties, fields }: Message) => {
      const key = note(properties.messageId, fields.exchange, fields.routingKey);
      this.#returned.set(key, (this.#returned.get(key) ?? 0) + 1);
    });
  }

  publish(flight: Flight): void {
    const { message } = flight;
    if (message === undefined) return;
    try {
      this.#channel.publish(message.exchange, message.routingKey, bytesOf(message.body), this.#properties(message), (error: unknown) =>
        flight.land(this.#outcome(message, error)),
      );
    } catch (error) {
      flight.land(refused(error));
    }
  }

  close(): Promise<void> {
    return this.#closing();
  }

  #outcome({ messageId, exchange, routingKey }: OutgoingMessage, error: unknown): Outcome {
    if (error !== null) return reasonOf(error) === 'message nacked' ? 'nacked' : 'closed';
    if (this.#returned.size === 0) return 'confirmed';
    const key = note(messageId, exchange, routingKey);
    const count = this.#returned.get(key);
    if (count === undefined) return 'confirmed';
    if (count === 1) this.#returned.delete(key);
    else this.#returned.set(key, count - 1);
    return 'unroutable';
  }

  #properties({ messageId, type, contentType, correlationId, headers, persistent, expiresMs }: OutgoingMessage): Options.Publish {
    const { clock, name, user } = this.#imprint;
    const properties: Options.Publish = {
      mandatory: true,
      persistent,
      messageId,
      appId: name,
      userId: user,
      timestamp: Math.floor(clock.now() / 1_000),
    };
    if (type !== undefined) properties.type = type;
    if (contentType !== undefined) properties.contentType = contentType;
    if (correlationId !== undefined) properties.correlationId = correlationId;
    if (headers !== undefined) properties.headers = headers;
    if (expiresMs !== undefined) properties.expiration = Math.ceil(expiresMs);
    return properties;
  }
}
