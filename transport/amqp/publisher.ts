// Publishes on one confirm channel. Each publish waits for the broker's ack or nack, at most for the time-out; when the
// channel ends, those that wait answer `closed`.
//
// The broker returns an unroutable message before it acks it, so a return is noted and the ack that follows reads the
// note. Notes are counted by message id, exchange and key: two publishes that share all three are the same message.
// A buffer that is full (publish answers false) is no refusal and nothing is sent twice: the bound on publishes in flight
// is the caller's protection.
import type { ConfirmChannel, Message, Options } from 'amqplib';
import type { Clock } from '../../effects/clock.ts';
import type { OutgoingMessage, PublishOutcome } from '../port.ts';
import { reasonOf } from '../reason.ts';

type Outcome = PublishOutcome['outcome'];

export interface PublisherOptions {
  readonly clock: Clock;
  readonly confirmTimeoutMs: number;
  /** Names the sending program to whoever reads the message. */
  readonly name: string;
}

const note = (messageId: unknown, exchange: string, routingKey: string): string => JSON.stringify([messageId, exchange, routingKey]);

export class Publisher {
  readonly #channel: Pick<ConfirmChannel, 'publish' | 'on'>;
  readonly #options: PublisherOptions;
  readonly #returned = new Map<string, number>();
  readonly #waiting = new Set<(outcome: Outcome) => void>();

  constructor(channel: Pick<ConfirmChannel, 'publish' | 'on'>, options: PublisherOptions) {
    this.#channel = channel;
    this.#options = options;
    channel.on('return', ({ properties, fields }: Message) => {
      const key = note(properties.messageId, fields.exchange, fields.routingKey);
      this.#returned.set(key, (this.#returned.get(key) ?? 0) + 1);
    });
  }

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        cancel();
        this.#waiting.delete(settle);
        resolve({ outcome });
      };
      const cancel = this.#options.clock.after(this.#options.confirmTimeoutMs, () => settle('unconfirmed'));
      this.#waiting.add(settle);
      try {
        const body = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
        this.#channel.publish(message.exchange, message.routingKey, body, this.#properties(message), (error: unknown) =>
          settle(this.#outcome(message, error)),
        );
      } catch (error) {
        settle(refused(error));
      }
    });
  }

  /** Nobody waits for the broker's answers any more. */
  abandon(): void {
    for (const settle of this.#waiting) settle('closed');
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

  #properties({ messageId, contentType, correlationId, headers, persistent, expiresMs }: OutgoingMessage): Options.Publish {
    return {
      mandatory: true,
      persistent,
      messageId,
      appId: this.#options.name,
      timestamp: Math.floor(this.#options.clock.now() / 1_000),
      ...(contentType === undefined ? {} : { contentType }),
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(headers === undefined ? {} : { headers }),
      ...(expiresMs === undefined ? {} : { expiration: Math.ceil(expiresMs) }),
    };
  }
}

/** amqplib throws when the channel is closing, and when the message cannot be encoded: then it would never be taken. */
const refused = (error: unknown): Outcome =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'IllegalOperationError' ? 'closed' : 'nacked';
