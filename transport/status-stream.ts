// The status of one transport: a state, and the stream of statuses that move it (see ConnectionState in port.ts).
//
//   connecting --connected--> connected --blocked--> blocked --unblocked--> connected
//   any of these --disconnected--> connecting;  --failed--> failed;  any --closed--> closed, for good
//
// Every listener hears every status in the order of emission, also when a listener causes the next one. It never
// throws and never tells a listener anything after `closed`.
import type { ConnectionState, TransportStatus } from './port.ts';

const stateAfter = (state: ConnectionState, status: TransportStatus): ConnectionState => {
  switch (status.type) {
    case 'connecting':
    case 'disconnected':
      return 'connecting';
    case 'connected':
    case 'unblocked':
      return 'connected';
    case 'blocked':
      return 'blocked';
    case 'failed':
      return 'failed';
    case 'closed':
      return 'closed';
    case 'consumerShared':
    case 'consumerLost':
    case 'handlerFailed':
    case 'settlementDropped':
      return state;
  }
};

export class StatusStream {
  #state: ConnectionState = 'connecting';
  #telling = false;
  readonly #waiting: TransportStatus[] = [];
  readonly #listeners = new Set<{ readonly hear: (status: TransportStatus) => void }>();

  get state(): ConnectionState {
    return this.#state;
  }

  listen(hear: (status: TransportStatus) => void): () => void {
    const listener = { hear };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(status: TransportStatus): void {
    if (this.#state === 'closed') return;
    this.#state = stateAfter(this.#state, status);
    this.#waiting.push(status);
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#tell(next);
    this.#telling = false;
  }

  #tell(status: TransportStatus): void {
    for (const listener of this.#listeners) {
      try {
        listener.hear(status);
      } catch {
        // Its own failure, not the transport's: the others still have to hear of this status.
      }
    }
  }
}
