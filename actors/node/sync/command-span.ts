// The span of a command of the server, from its arrival until this node has made it durable. What the command leads to goes
// on from there: its reports carry the span's context.
import type { FrameOf } from '../../../protocol/frames.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import { startSpan, type SpanHandle } from '../../../telemetry/span.ts';
import { processSpan, type ProcessedMessage } from '../../../telemetry/spans.ts';

export interface CommandArrival {
  readonly delivery: Pick<ProcessedMessage, 'exchange' | 'queue' | 'template' | 'redelivered' | 'routingKey' | 'size'>;
  /** The publish span, or what a server that records nothing hands on of the command's own trace. */
  readonly publication: TraceContext | undefined;
}

const nothing = (): void => undefined;

/** `now`: wall clock, milliseconds. A command without an arrival only hands its trace on. */
export const startCommandSpan = (frame: FrameOf<'command'>, arrival: CommandArrival | undefined, duplicate: boolean, now: number): SpanHandle => {
  if (arrival === undefined) return { trace: frame.trace, setAttribute: nothing, fail: nothing, end: nothing };
  const { delivery, publication } = arrival;
  const message = { ...delivery, duplicate, kind: frame.kind, id: frame.id, correlationId: frame.body.command, queueingDelayMs: now - frame.sentAt };
  return startSpan(processSpan(message, publication ?? frame.trace, publication));
};
