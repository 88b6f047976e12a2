// Frames and events to bytes and back. Decoding never throws: oversize, corrupt, unknown version and unknown kind are
// four different answers.
import { eventSchemas, type JetpackEvent } from './events.ts';
import { frameSchemas, wireVersion, type Frame, type FrameKind, type FrameOf } from './frames.ts';
import { firstIssue, parseJson } from './json.ts';
import { limits } from './limits.ts';
import { fail, ok, type Result } from './result.ts';

/** Own keys only: `constructor` and `__proto__` are kinds like any other unknown one. */
const has = <T extends object>(table: T, key: PropertyKey): key is keyof T => Object.hasOwn(table, key);

const asRecord = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;

export const encodeFrame = (frame: Frame): Uint8Array => Buffer.from(JSON.stringify(frame), 'utf8');

/** One row of an event frame: its sequence and the event as `encodeEvent` wrote it. */
export interface EncodedEntry {
  readonly sequence: number;
  readonly event: string;
}

/** The same as `encodeFrame` for events that are encoded already: their text is taken as it is. */
export const encodeEventsFrame = (
  head: Omit<FrameOf<'events'>, 'body'>,
  body: Omit<FrameOf<'events'>['body'], 'entries'>,
  entries: readonly EncodedEntry[],
): Uint8Array => {
  const rows = entries.map(({ sequence, event }) => `{"sequence":${sequence},"event":${event}}`).join(',');
  const start = JSON.stringify({ ...head, body: { ...body, entries: [] } });
  // The empty array is the last thing written, so what follows it is fixed: `[]}}`.
  return Buffer.from(`${start.slice(0, -4)}[${rows}]}}`, 'utf8');
};

export const decodeFrame = (bytes: Uint8Array): Result<Frame> => {
  if (bytes.length > limits.frame) return fail('frame_oversize', `the frame has ${bytes.length} bytes: at most ${limits.frame} are allowed`);
  const json = parseJson(bytes);
  if (!json.ok) return fail('frame_corrupt', `the frame ${json.error}`);
  const record = asRecord(json.value);
  if (record === undefined) return fail('frame_corrupt', 'the frame is not a JSON object');
  const { v, kind } = record;
  if (typeof v !== 'number') return fail('frame_corrupt', 'the frame has no version');
  if (v !== wireVersion) return fail('frame_version_unknown', `the frame has version ${v}: this program speaks ${wireVersion}`);
  if (typeof kind !== 'string') return fail('frame_corrupt', 'the frame has no kind');
  if (!has(frameSchemas, kind)) return fail('frame_kind_unknown', `the frame has the unknown kind ${JSON.stringify(kind.slice(0, 64))}`);
  const parsed = frameSchemas[kind].safeParse(record);
  if (!parsed.success) return fail('frame_corrupt', `the ${kind} frame is wrong at ${firstIssue(parsed.error)}`);
  return ok(parsed.data);
};

/** Whether a frame is of a kind, as a type guard for switches on part of the union. */
export const isFrame = <K extends FrameKind>(frame: Frame, kind: K): frame is FrameOf<K> => frame.kind === kind;

/** An event as JSON text: the form it keeps in the outbox, on the wire and in the server's store. */
export const encodeEvent = (event: JetpackEvent): Result<string> => {
  const text = JSON.stringify(event);
  const bytes = Buffer.byteLength(text);
  return bytes > limits.event ? fail('message_too_large', `the message takes ${bytes} bytes: at most ${limits.event} are allowed`) : ok(text);
};

/** An event out of a decoded frame. An unknown kind is told apart, so that a server can keep it for a later version. */
export const decodeEvent = (value: unknown): Result<JetpackEvent> => {
  const record = asRecord(value);
  if (record === undefined) return fail('event_unreadable', 'the event is not a JSON object');
  const { kind } = record;
  if (typeof kind !== 'string') return fail('event_unreadable', 'the event has no kind');
  if (!has(eventSchemas, kind)) return fail('event_kind_unknown', `the event has the unknown kind ${JSON.stringify(kind.slice(0, 64))}`);
  const parsed = eventSchemas[kind].safeParse(record);
  return parsed.success ? ok(parsed.data) : fail('event_unreadable', `the ${kind} event is wrong at ${firstIssue(parsed.error)}`);
};
