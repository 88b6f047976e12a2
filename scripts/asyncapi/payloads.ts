// Payload schemas as the schemas in protocol/ give them of themselves, and the samples that stand as examples.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eventSchemas, type EventKind } from '../../protocol/events.ts';
import { frameSchemas, wireVersion, type FrameKind } from '../../protocol/frames.ts';

/** A part of the document: an object that YAML can write. */
export interface Part {
  readonly [key: string]: unknown;
}

interface Described {
  toJSONSchema(options: { target: 'draft-7'; io: 'input'; unrepresentable: 'any' }): object;
}

/** AsyncAPI's own dialect contains draft 7; what may be written is told, so fields of later versions stay allowed. */
const jsonSchema = (schema: Described): Part =>
  Object.fromEntries(Object.entries(schema.toJSONSchema({ target: 'draft-7', io: 'input', unrepresentable: 'any' })).filter(([key]) => key !== '$schema'));

export const ref = (place: string): { readonly $ref: string } => ({ $ref: `#/${place}` });

// Object.keys forgets that the keys are those of the table.
export const frameKinds = Object.keys(frameSchemas) as readonly FrameKind[];
const eventKinds = Object.keys(eventSchemas) as readonly EventKind[];

const eventName = (kind: EventKind): string => `event-${kind}`;

/** Replaces what stands at a place in nested objects. */
const withPart = (part: Part, [key, ...deeper]: readonly string[], wanted: Part): Part => {
  if (key === undefined) return wanted;
  const inner = part[key];
  if (typeof inner !== 'object' || inner === null) throw new Error(`there is nothing at ${key}`);
  return { ...part, [key]: withPart({ ...inner }, deeper, wanted) };
};

const anyEvent: Part = {
  description: 'An event. Each is decoded by itself: one of a kind that the reader does not know is kept as it is.',
  anyOf: [
    ...eventKinds.map((kind) => ref(`components/schemas/${eventName(kind)}`)),
    { title: 'an event of a later version', type: 'object' },
    { title: 'an unreadable event' },
  ],
};

const framePayload = (kind: FrameKind): Part => {
  const schema = jsonSchema(frameSchemas[kind]);
  return kind === 'events' ? withPart(schema, ['properties', 'body', 'properties', 'entries', 'items', 'properties', 'event'], ref('components/schemas/event')) : schema;
};

/** The name of a frame's payload among the document's schemas. */
export const frameName = (kind: FrameKind): string => `frame-${kind}`;

export const payloadSchemas = (): Part =>
  Object.fromEntries([
    ...frameKinds.map((kind) => [frameName(kind), framePayload(kind)] as const),
    ['event', anyEvent],
    ...eventKinds.map((kind) => [eventName(kind), jsonSchema(eventSchemas[kind])] as const),
  ]);

const samples = path.join(import.meta.dirname, '../../protocol/samples', `v${wireVersion}`);

/** The full sample of a frame and the one with the required fields only. */
export const frameExamples = (kind: FrameKind): readonly Part[] =>
  [['full', ''] as const, ['required fields only', '-bare'] as const].map(([name, ending]) => {
    const payload: unknown = JSON.parse(readFileSync(path.join(samples, `${frameName(kind)}${ending}.json`), 'utf8'));
    return { name, payload };
  });
