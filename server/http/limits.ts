// Bounds on what clients of the API may cost, whatever they do.
import type { ConnectionLimits } from '../../node/http/bounded-server.ts';

export interface HttpLimits extends ConnectionLimits {
  /** The body of a request that changes something, bytes. No other is read at all. */
  readonly bodyBytes: number;
  /** Requests that change something, at a time. */
  readonly writes: number;
  /** Answers that their clients have not taken, all together, bytes. */
  readonly untakenBytes: number;
}

export const httpLimits: HttpLimits = {
  connections: 512,
  headerBytes: 16_384,
  bodyBytes: 1024 * 1024,
  writes: 16,
  headersMs: 5_000,
  requestMs: 10_000,
  silenceMs: 10_000,
  lookMs: 1_000,
  untakenBytes: 64 * 1024 * 1024,
};
