// One channel and whether it may still be used. It ends with its connection, or alone when the broker refuses something
// asked of it; it is never used again then, for a settlement on another channel than the delivery's would end that one too.
import type { Channel } from 'amqplib';
import { reasonOf } from '../reason.ts';
import type { AmqpConnection } from './connection.ts';

export class OpenChannel<C extends Channel> {
  readonly channel: C;
  /** Resolves with the reason when the channel has ended. */
  readonly ended: Promise<string>;
  readonly #connection: AmqpConnection;
  #open = true;

  constructor(channel: C, connection: AmqpConnection) {
    this.channel = channel;
    this.#connection = connection;
    let reason = 'the channel was closed';
    channel.on('error', (error) => void (reason = reasonOf(error)));
    // A listener of ours threw: a defect, which a new channel outlives.
    channel.on('handler-error', (error) => {
      reason = reasonOf(error);
      void this.close();
    });
    this.ended = new Promise((resolve) => {
      channel.on('close', () => {
        this.#open = false;
        resolve(reason);
      });
    });
  }

  get alive(): boolean {
    return this.#open && this.#connection.alive;
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    this.#open = false;
    try {
      await this.channel.close();
    } catch {
      // It ended on its own meanwhile.
    }
  }
}
