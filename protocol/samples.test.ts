// The samples are what released programs of this major version have written. They stay as they are; a sample that no longer
// decodes is a program in the field that no longer understands us. Each kind has one with every field, and a bare one with
// only the required fields, so that neither losing a field nor requiring a new one goes unseen.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { card } from './card.ts';
import { decodeEvent, decodeFrame, encodeEvent, encodeFrame } from './codec.ts';
import { eventSchemas } from './events.ts';
import { frameSchemas, wireVersion } from './frames.ts';
import { hello, progress, reply, requestSchema, requestSchemas } from './local.ts';
import type { Result } from './result.ts';

const folder = path.join(import.meta.dirname, 'samples', `v${wireVersion}`);

interface Sample {
  readonly name: string;
  readonly content: Buffer;
}

const samples = readdirSync(folder).map((file): Sample => ({ name: path.basename(file, '.json'), content: readFileSync(path.join(folder, file)) }));

const named = (prefix: string): Sample[] => samples.filter(({ name }) => name.startsWith(prefix));

const meaning = (content: Uint8Array | string): unknown => JSON.parse(content.toString());

const unwrap = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

const local = (schema: z.ZodType) => (content: Buffer): string => JSON.stringify(schema.parse(meaning(content)));

/** Decodes a sample of a family and encodes it again. */
const families: Readonly<Record<string, (content: Buffer) => Uint8Array | string>> = {
  'frame-': (content) => encodeFrame(unwrap(decodeFrame(content))),
  'event-': (content) => unwrap(encodeEvent(unwrap(decodeEvent(meaning(content))))),
  'request-': local(requestSchema),
  'reply-': local(reply),
  progress: local(progress),
  hello: local(hello),
};

describe.each(Object.entries(families))('samples %s*', (prefix, decodeAndEncode) => {
  test.each(named(prefix).map(({ name, content }) => [name, content] as const))('%s decodes, and loses nothing when it is encoded again', (_, content) => {
    expect(meaning(Buffer.from(decodeAndEncode(content)))).toEqual(meaning(content));
  });
});

const kinds = [
  ...Object.keys(frameSchemas).map((kind) => `frame-${kind}`),
  ...Object.keys(eventSchemas).map((kind) => `event-${kind}`),
  ...Object.keys(requestSchemas).map((verb) => `request-${verb}`),
  'reply-ok',
  'reply-failed',
];

describe('samples', () => {
  test('there is a full and a bare one of every kind, and none of an unknown kind', () => {
    expect(samples.map(({ name }) => name).sort()).toEqual([...kinds.flatMap((kind) => [kind, `${kind}-bare`]), 'hello', 'progress'].sort());
  });

  test.each(Object.entries({ frame: frameSchemas, event: eventSchemas, request: requestSchemas }))('the full %s samples leave out no field', (family, schemas) => {
    for (const [kind, schema] of Object.entries(schemas)) {
      const full = samples.find(({ name }) => name === `${family}-${kind}`);
      expect(Object.keys(meaning(full?.content ?? '{}') as object).sort()).toEqual(Object.keys(schema.shape).sort());
    }
  });

  test.each(Object.entries(frameSchemas))('the full %s frame leaves out no field of its body', (kind, schema) => {
    const full = meaning(samples.find(({ name }) => name === `frame-${kind}`)?.content ?? '{}') as { readonly body?: object };
    expect(Object.keys(full.body ?? {}).sort()).toEqual(Object.keys(schema.shape.body.shape).sort());
  });

  test('the full converge event leaves out no field of its card', () => {
    const full = meaning(samples.find(({ name }) => name === 'event-converge')?.content ?? '{}') as { readonly failure?: object };
    expect(Object.keys(full.failure ?? {}).sort()).toEqual(Object.keys(card.shape).sort());
  });
});
