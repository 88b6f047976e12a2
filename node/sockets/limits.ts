// What one client, and all of them together, may cost the daemon on its local sockets.
import { limits } from '../../protocol/limits.ts';

export interface LocalLimits {
  /** Bytes of one line. */
  readonly line: number;
  /** Bytes held for unfinished lines and unanswered requests over all connections, beyond each one's `ownMemory`. */
  readonly sharedMemory: number;
  /** Bytes that every connection may hold whatever the others do, so that small requests pass while large ones crowd. */
  readonly ownMemory: number;
  /** Connections on each socket. */
  readonly connections: number;
  /** Requests of one connection that wait for their answer; further ones are not read until one has it. */
  readonly inFlight: number;
  /** From the connection to the end of the handshake, milliseconds. */
  readonly helloMs: number;
  /** From the first byte of a line to its last, milliseconds. */
  readonly lineMs: number;
  /** How long answers may wait for a client that does not read them, milliseconds. */
  readonly answerMs: number;
  /** How long a connection may stay open and ask nothing, milliseconds. */
  readonly idleMs: number;
}

export const localLimits: LocalLimits = {
  line: limits.line,
  sharedMemory: 64 * 1024 * 1024,
  ownMemory: 16 * 1024,
  connections: 1024,
  inFlight: 64,
  helloMs: 5000,
  lineMs: 10_000,
  answerMs: 10_000,
  idleMs: 60_000,
};
