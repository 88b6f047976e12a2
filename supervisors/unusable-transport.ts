// A transport whose options nothing can be done with: it says so, and is good for nothing.
//
// States: connecting → failed, a turn after it was made → closed. It connects to nothing.
import type { Failure } from '../protocol/result.ts';
import type { ConnectionState, PublishOutcome, Subscription, Transport, TransportStatus } from '../transport/port.ts';
import { StatusStream } from '../transport/status-stream.ts';

export class UnusableTransport implements Transport {
  readonly inFlight = 0;
  readonly #status = new StatusStream();

  constructor({ code, message }: Failure) {
    // A turn later, so that whoever made it hears of it.
    setImmediate(() => this.#status.emit({ type: 'failed', code, reason: message }));
  }

  get state(): ConnectionState {
    return this.#status.state;
  }

  onStatus(listener: (status: TransportStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  publish(): Promise<PublishOutcome> {
    return Promise.resolve({ outcome: 'closed' });
  }

  consume(): Promise<Subscription> {
    return Promise.resolve({ cancel: () => Promise.resolve() });
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    this.#status.emit({ type: 'closed' });
    return Promise.resolve();
  }
}
