import { decodeEvent } from '../../protocol/codec.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import { fail, type Result } from '../../protocol/result.ts';
import type { IncomingEntry } from './ports.ts';

/** A tombstone stands at the first sequence of its range, or it would leave a hole that nothing fills. */
const checkRange = (sequence: number, event: Result<JetpackEvent>): Result<JetpackEvent> => {
  if (!event.ok || event.value.kind !== 'dropped') return event;
  const { from, to } = event.value;
  return from === sequence && to >= from ? event : fail('event_unreadable', `the dropped event stands at ${sequence} and speaks of ${from} to ${to}`);
};

/** One entry of a frame, decoded by itself: whatever it holds, it stands for its own sequence at least. */
export const incomingEntry = (sequence: number, value: unknown, clockOffsetMs = 0): IncomingEntry => {
  const event = checkRange(sequence, decodeEvent(value));
  const through = event.ok && event.value.kind === 'dropped' ? event.value.to : sequence;
  return { sequence, through, raw: JSON.stringify(value ?? null), event, clockOffsetMs };
};
