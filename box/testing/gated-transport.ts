// A transport that says it is not connected until a test opens it: what is accepted meanwhile travels in one batch.
import type { Transport, TransportStatus } from '../../transport/port.ts';

export interface GatedTransport extends Transport {
  open(): void;
}

export const gated = (inner: Transport): GatedTransport => {
  const listeners = new Set<(status: TransportStatus) => void>();
  let isOpen = false;
  return {
    get state() {
      return isOpen ? inner.state : 'connecting';
    },
    get inFlight() {
      return inner.inFlight;
    },
    onStatus(listener) {
      listeners.add(listener);
      return inner.onStatus(listener);
    },
    publish: (message) => inner.publish(message),
    consume: (queue, options, handler) => inner.consume(queue, options, handler),
    ready: () => inner.ready(),
    drain: () => inner.drain(),
    close: () => inner.close(),
    open() {
      isOpen = true;
      for (const listener of listeners) listener({ type: 'connected', broker: 'gated', product: 'gated' });
    },
  };
};
