import type { TraceContext } from '../protocol/trace.ts';

/** What every request of the command line carries. */
export interface Envelope {
  /** Minted once a run: the message keeps it whichever way it takes. */
  readonly id: string;
  /** The wall clock, milliseconds since the epoch. */
  readonly at: number;
  readonly trace?: TraceContext;
}
