// What the transport actors of node and server share: publishes bounded by a p-queue, and the broker's statuses turned
// into log lines and crashes.
//
// A publish asked of the link ends with an outcome, always, and at once with `closed` while nothing can be published: out of
// reach, or blocked. A broker that blocks a client stops reading from it, so what was published all the same would pile
// up in this process. It keeps no message for later: whoever asked still has it, and asks again.
import PQueue from 'p-queue';
import { JetpackError, type ErrorCode } from '../protocol/errors.ts';
import { assertNever } from '../protocol/result.ts';
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OutgoingMessage, PublishOutcome, Transport, TransportStatus } from '../transport/port.ts';

/** Publishes under way at a time; more wait their turn in order. */
const concurrency = 256;
/** Publishes that may wait. A broker this far behind is asked again later. */
const mostWaiting = 1_024;

/** The error code of a publish that was not confirmed. */
export const failureOf = ({ outcome }: PublishOutcome): ErrorCode | undefined => {
  switch (outcome) {
    case 'confirmed':
      return undefined;
    case 'closed':
      return 'transport_closed';
    case 'nacked':
    case 'unconfirmed':
    case 'unroutable':
      return outcome;
    default:
      return assertNever(outcome);
  }
};

export class BrokerLink {
  readonly transport: Transport;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #queue = new PQueue({ concurrency });

  constructor(transport: Transport, { metrics, clock }: { readonly metrics: Metrics; readonly clock: Clock }) {
    this.transport = transport;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** Whether publishes reach the broker. */
  get up(): boolean {
    return this.transport.state === 'connected';
  }

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    return this.#queue.size < mostWaiting ? this.#queue.add(() => this.#send(message)) : Promise.resolve({ outcome: 'closed' });
  }

  async drain(): Promise<void> {
    await this.#queue.onIdle();
    await this.transport.drain();
  }

  async #send(message: OutgoingMessage): Promise<PublishOutcome> {
    const started = this.#clock.monotonic();
    const outcome: PublishOutcome = this.up ? await this.transport.publish(message) : { outcome: 'closed' };
    this.#metrics.published(message.exchange, this.#clock.monotonic() - started, failureOf(outcome));
    return outcome;
  }
}

/** A status after which trying again cannot help. */
class BrokerRefused extends JetpackError {}

/** Logs a status. Throws `BrokerRefused` for one that no reconnect can mend. */
export const noteStatus = (status: TransportStatus, log: Logger): void => {
  switch (status.type) {
    case 'connecting':
      log.debug('connecting to the broker', { attempt: status.attempt });
      return;
    case 'connected':
      log.info(`connected to ${status.broker} (${status.product})`);
      return;
    case 'disconnected':
      log.warn(`the broker is out of reach: ${status.reason}`, { code: status.code, retryInMs: status.retryInMs });
      return;
    case 'blocked':
      log.warn(`the broker takes no publishes for now: ${status.reason}`);
      return;
    case 'unblocked':
      log.info('the broker takes publishes again');
      return;
    case 'consumerShared':
      log.warn(`${status.queue} has another consumer: a second program of this name, or a connection that the broker has not given up yet`, { others: status.others });
      return;
    case 'consumerLost':
      log.warn(`the consumer of ${status.queue} is set up again: ${status.reason}`, { code: status.code });
      return;
    case 'handlerFailed':
      log.error(`a delivery from ${status.queue} could not be handled: ${status.reason}`);
      return;
    case 'settlementDropped':
      log.debug(`a delivery from ${status.queue} was handled after its channel was gone; the broker delivers it again`);
      return;
    case 'failed':
      throw new BrokerRefused(status.code, status.reason);
    case 'closed':
      log.debug('the connection to the broker is closed');
      return;
    default:
      assertNever(status);
  }
};

/** The code of a crash that no restart can mend; undefined for all others. */
export const refusal = (error: unknown): ErrorCode | undefined => (error instanceof BrokerRefused ? error.code : undefined);
