// One channel and whether it may still be used. It ends with its connection, or alone when the broker refuses something
// asked of it; it is never used again then, for a settlement on another channel than the delivery's would end that one too.
import type { Channel } from 'amqplib';
import { reasonOf } from '../reason.ts';

/** The connection of a channel, as far as the channel needs it. */
export interface Carrier {
  readonly alive: boolean;
  /** Resolves when it is lost or closed. */
  readonly gone: Promise<void>;
}

export class OpenChannel<C extends Channel> {
  readonly channel: C;
  /** Resolves with the reason when the channel has ended. */
  readonly ended: Promise<string>;
  readonly #carrier: Carrier;
  #open = true;

  constructor(channel: C, carrier: Carrier) {
    this.channel = channel;
    this.#carrier = carrier;
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
    return this.#open && this.#carrier.alive;
  }

  /** Waits for the broker's word, at most until channel or connection end. */
  async close(): Promise<void> {
    if (!this.alive) return;
    this.#open = false;
    // Rejected when it ends on its own meanwhile.
    await Promise.race([this.channel.close().catch(() => undefined), this.#carrier.gone]);
  }
}
