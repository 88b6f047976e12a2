// Remembers by which publish each traced event arrived, until the store has it: an event may wait for earlier ones, and then
// be stored in one batch with events of other frames. Untraced events cost nothing here.
import type { Clock } from '../../effects/clock.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { startSpan, type SpanHandle } from '../../telemetry/span.ts';
import { processSpan } from '../../telemetry/spans.ts';
import { decodeEvent } from '../../protocol/codec.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import type { Batch } from './ports.ts';
import type { EventsArrived } from './transport.ts';

interface Arrival {
  readonly delivery: EventsArrived['delivery'];
  /** The batch's publish span. */
  readonly publication: TraceContext | undefined;
}

/** Traced events that may wait; beyond it the oldest lose their link, never their place. */
const most = 65_536;

const isTraced = (event: unknown): boolean => typeof event === 'object' && event !== null && 'trace' in event && event.trace !== undefined;

const keyOf = (stream: string, lane: string, sequence: number): string => `${stream}/${lane}/${sequence}`;

export class Arrivals {
  readonly #clock: Clock;
  readonly #arrivals = new Map<string, Arrival>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes what is not yet applied; the rest came again and will not be stored, which a span says. */
  note({ delivery, frame, publication }: EventsArrived, applied: number): void {
    const { entries, lane, stream } = frame.body;
    for (const { event, sequence } of entries) {
      if (!isTraced(event)) continue;
      if (sequence > applied) this.#arrivals.set(keyOf(stream, lane, sequence), { delivery, publication });
      else this.#repeated(event, { delivery, publication });
    }
    for (const key of this.#arrivals.keys()) {
      if (this.#arrivals.size <= most) break;
      this.#arrivals.delete(key);
    }
  }

  /** Begins a span for every traced event of a batch: its parent is the event's own trace. */
  begin({ entries, lane, stream }: Batch): readonly SpanHandle[] {
    if (this.#arrivals.size === 0) return [];
    return entries.flatMap(({ event, raw, sequence }) => {
      const key = keyOf(stream, lane, sequence);
      const arrival = this.#arrivals.get(key);
      if (arrival === undefined || !event.ok) return [];
      this.#arrivals.delete(key);
      return [this.#start(event.value, arrival, raw.length, false)];
    });
  }

  #repeated(event: unknown, arrival: Arrival): void {
    const decoded = decodeEvent(event);
    if (decoded.ok) this.#start(decoded.value, arrival, Buffer.byteLength(JSON.stringify(event)), true).end();
  }

  #start(event: JetpackEvent, { delivery, publication }: Arrival, size: number, duplicate: boolean): SpanHandle {
    const { at, id, kind, trace } = event;
    const correlationId = event.kind === 'command' ? event.command : undefined;
    const queueingDelayMs = this.#clock.now() - at;
    return startSpan(processSpan({ ...delivery, template: delivery.queue, duplicate, kind, id, correlationId, size, queueingDelayMs }, trace, publication));
  }
}
