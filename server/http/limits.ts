// Bounds on what clients of the API may cost, whatever they do.

export interface HttpLimits {
  /** Connections at a time. One more has the longest idle give way. */
  readonly connections: number;
  /** One request's line and headers, bytes. */
  readonly headerBytes: number;
  /** The body of a request that changes something, bytes. No other is read at all. */
  readonly bodyBytes: number;
  /** Requests that change something, at a time. */
  readonly writes: number;
  /** For the headers to arrive, milliseconds. */
  readonly headersMs: number;
  /** For the whole request to arrive, milliseconds. */
  readonly requestMs: number;
  /** For anything to go in or out, milliseconds. */
  readonly silenceMs: number;
  /** How often the first two are looked at, milliseconds. */
  readonly lookMs: number;
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
