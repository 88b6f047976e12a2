import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeEvent, decodeFrame, encodeEvent, encodeEventsFrame, encodeFrame, isFrame } from './codec.ts';
import type { ErrorCode } from './errors.ts';
import type { Result } from './result.ts';
import { limits } from './limits.ts';
import { anyEvent, anyFrame, events, frames } from './testing/arbitraries.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

const codeOf = (result: Result<unknown>): ErrorCode | 'ok' => (result.ok ? 'ok' : result.error.code);

const messageOf = (result: Result<unknown>): string => (result.ok ? '' : result.error.message);

const id = '01890a5d-ac96-774b-bcce-b302099a8057';

/** A good frame, with parts replaced by the JSON text given. */
const frameText = (replaced: Readonly<Record<string, string>> = {}): string => {
  const parts = { v: '1', kind: '"applied"', id: `"${id}"`, sentAt: '1', body: `{"stream":"${id}","lane":"report","sequence":7}`, ...replaced };
  return `{${Object.entries(parts)
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(',')}}`;
};

describe('frames', () => {
  test.each(Object.entries(frames))('%s: whatever it holds comes back as it was', (_, arbitrary) => {
    fc.assert(fc.property(arbitrary, (frame) => expect(decodeFrame(encodeFrame(frame))).toEqual({ ok: true, value: frame })));
  });

  test('say their version and kind first, as they were written', () => {
    expect(Buffer.from(encodeFrame({ v: 1, kind: 'registered', id, sentAt: 1, body: { server: 's', wire: 1 } })).toString()).toMatch(/^\{"v":1,"kind":"registered",/);
  });

  test('an events frame of encoded events is the same bytes as one of events', () => {
    fc.assert(
      fc.property(frames.events, fc.array(anyEvent), ({ body, ...head }, reported) => {
        const { entries: _, ...rest } = body;
        const texts = reported.map((event, index) => ({ sequence: index + 1, event: JSON.stringify(event) }));
        const whole = { ...head, body: { ...rest, entries: reported.map((event, index) => ({ sequence: index + 1, event })) } };
        expect(Buffer.from(encodeEventsFrame(head, rest, texts))).toEqual(Buffer.from(encodeFrame(whole)));
      }),
    );
  });

  test('a kind is told by its guard', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(isFrame(frame, frame.kind)).toBe(true);
        expect(isFrame(frame, 'events')).toBe(frame.kind === 'events');
      }),
    );
  });
});

describe('decoding a frame', () => {
  test('oversize, corrupt, unknown version and unknown kind are four answers', () => {
    const answers = [
      decodeFrame(new Uint8Array(limits.frame + 1)),
      decodeFrame(bytes('{"v":1,')),
      decodeFrame(bytes(frameText({ v: '2' }))),
      decodeFrame(bytes(frameText({ kind: '"gossip"' }))),
    ];
    expect(answers.map(codeOf)).toEqual(['frame_oversize', 'frame_corrupt', 'frame_version_unknown', 'frame_kind_unknown']);
    expect(answers.map(messageOf)).toEqual([
      'the frame has 4194305 bytes: at most 4194304 are allowed',
      'the frame is not JSON',
      'the frame has version 2: this program speaks 1',
      'the frame has the unknown kind "gossip"',
    ]);
  });

  test('a frame of exactly the largest size is read', () => {
    const frame = frameText();
    expect(codeOf(decodeFrame(bytes(frame.padEnd(limits.frame, ' '))))).toBe('ok');
    expect(codeOf(decodeFrame(bytes(frame.padEnd(limits.frame + 1, ' '))))).toBe('frame_oversize');
  });

  test('a frame of a later version is told from a corrupt one, whatever else it holds', () => {
    expect(codeOf(decodeFrame(bytes('{"v":9,"type":["all","new"]}')))).toBe('frame_version_unknown');
  });

  test('never throws for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (any) => expect(codeOf(decodeFrame(any))).toBe('frame_corrupt')));
  });

  test('never throws for any JSON, and reads none of it as a frame', () => {
    fc.assert(fc.property(fc.json(), (any) => expect(codeOf(decodeFrame(bytes(any)))).toMatch(/^frame_/)));
  });

  test('never throws for a frame damaged in transit: cut, bytes changed, bytes repeated', () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom('cut', 'change', 'repeat') });
    fc.assert(
      fc.property(anyFrame, fc.array(damage, { minLength: 1, maxLength: 5 }), (frame, damages) => {
        let data = Buffer.from(encodeFrame(frame));
        for (const { at, byte, how } of damages) {
          const place = at % (data.length + 1);
          if (how === 'cut') data = data.subarray(0, place);
          else if (how === 'repeat') data = Buffer.concat([data.subarray(0, place), data.subarray(place >> 1)]);
          else if (place < data.length) data[place] = byte;
        }
        expect(['ok', 'frame_corrupt', 'frame_version_unknown', 'frame_kind_unknown']).toContain(codeOf(decodeFrame(data)));
      }),
      { numRuns: 500 },
    );
  });

  test('any field replaced by any JSON is an answer, never an exception', () => {
    const field = fc.constantFrom('v', 'kind', 'id', 'sentAt', 'trace', 'remainingMs', 'correlationId', 'from', 'body');
    fc.assert(
      fc.property(anyFrame, field, fc.jsonValue(), (frame, name, value) => {
        const outcome = decodeFrame(bytes(JSON.stringify({ ...frame, [name]: value })));
        expect(outcome.ok || messageOf(outcome).startsWith('the ')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['no object', '[1]', 'the frame is not a JSON object'],
    ['null', 'null', 'the frame is not a JSON object'],
    ['no version', '{"kind":"applied"}', 'the frame has no version'],
    ['a version in quotes', frameText({ v: '"1"' }), 'the frame has no version'],
    ['no kind', '{"v":1}', 'the frame has no kind'],
    ['NaN', frameText({ sentAt: 'NaN' }), 'the frame is not JSON'],
    ['a number beyond double precision', frameText({ sentAt: '1e999' }), 'the applied frame is wrong at sentAt: '],
    ['an integer beyond exactness', frameText({ sentAt: '9007199254740993' }), 'the applied frame is wrong at sentAt: '],
    ['a negative sequence', frameText({ body: `{"stream":"${id}","lane":"report","sequence":-1}` }), 'the applied frame is wrong at body.sequence: '],
    ['a fraction', frameText({ sentAt: '1.5' }), 'the applied frame is wrong at sentAt: '],
    ['an id that is none', frameText({ id: '"7"' }), 'the applied frame is wrong at id: not a UUID in lower case'],
    ['a lane that is none', frameText({ body: `{"stream":"${id}","lane":"../x","sequence":1}` }), 'the applied frame is wrong at body.lane: a lane is'],
    ['a node with a control character', frameText({ from: '{"cluster":"a","node":"b\\n"}' }), 'the applied frame is wrong at from.node: the node name holds a control character'],
    ['a byte order mark', `\ufeff${frameText()}`, 'the frame is not JSON'],
    ['nothing', '', 'the frame is not JSON'],
  ])('%s is corrupt, with the place named', (_, text, reason) => {
    const decoded = decodeFrame(bytes(text));
    expect(codeOf(decoded)).toBe('frame_corrupt');
    expect(messageOf(decoded)).toContain(reason);
  });

  test('a complaint does not repeat what was sent, which may be secret or huge', () => {
    const decoded = decodeFrame(bytes(frameText({ id: '"swordfish"', sentAt: '"swordfish"' })));
    expect(messageOf(decoded)).not.toContain('swordfish');
    expect(messageOf(decodeFrame(bytes(frameText({ kind: JSON.stringify('k'.repeat(100_000)) })))).length).toBeLessThan(120);
  });

  test('bytes that are not UTF-8 are corrupt, and the next frame is read as ever', () => {
    const broken = Buffer.concat([bytes('{"v":1,"kind":"'), Buffer.from([0xc3]), bytes('"}')]);
    const lone = Buffer.concat([bytes('{"v":1,"kind":"'), Buffer.from([0xed, 0xa0, 0x80]), bytes('"}')]);
    for (const wrong of [broken, lone, bytes('"é').subarray(0, 2)]) {
      expect(messageOf(decodeFrame(wrong))).toBe('the frame is not valid UTF-8');
      expect(codeOf(decodeFrame(bytes(frameText())))).toBe('ok');
    }
  });

  test('nesting is bounded before it is parsed', () => {
    const nested = (levels: number): Uint8Array => bytes(frameText({ extra: '['.repeat(levels - 1) + ']'.repeat(levels - 1) }));
    expect(codeOf(decodeFrame(nested(limits.depth)))).toBe('ok');
    expect(messageOf(decodeFrame(nested(limits.depth + 1)))).toBe('the frame nests deeper than 64 levels');
    expect(messageOf(decodeFrame(Buffer.alloc(limits.frame, '[')))).toBe('the frame nests deeper than 64 levels');
    expect(messageOf(decodeFrame(Buffer.alloc(limits.frame, '{"a":')))).toBe('the frame nests deeper than 64 levels');
  });

  test('brackets in text are no nesting', () => {
    expect(codeOf(decodeFrame(bytes(frameText({ extra: JSON.stringify(`\\"${'[{'.repeat(100)}`) }))))).toBe('ok');
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('the kind %s is unknown like any other', (kind) => {
    expect(codeOf(decodeFrame(bytes(frameText({ kind: JSON.stringify(kind) }))))).toBe('frame_kind_unknown');
  });

  test('keys that name a prototype reach none', () => {
    const hostile = '{"polluted":true,"v":1}';
    const from = `{"__proto__":${hostile},"cluster":"a","node":"b"}`;
    const decoded = decodeFrame(bytes(frameText({ ['__proto__']: hostile, constructor: `{"prototype":${hostile}}`, from })));
    expect(decoded).toEqual(decodeFrame(bytes(frameText({ from: '{"cluster":"a","node":"b"}' }))));
    expect(decoded).not.toHaveProperty('value.polluted');
    expect(decoded).not.toHaveProperty('value.from.polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  test('required fields are not inherited from a prototype that was sent', () => {
    const decoded = decodeFrame(bytes(`{"v":1,"kind":"applied","__proto__":${frameText()}}`));
    expect(codeOf(decoded)).toBe('frame_corrupt');
  });

  test('fields of later versions are ignored, on every level', () => {
    const later = fc.dictionary(fc.string().map((key) => `later ${key}`), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 3 });
    fc.assert(
      fc.property(anyFrame, later, (frame, more) => {
        const extended = { ...more, ...frame, from: frame.from && { ...frame.from, ...more }, body: { ...frame.body, ...more } };
        expect(decodeFrame(bytes(JSON.stringify(extended)))).toEqual({ ok: true, value: frame });
      }),
    );
  });

  test('a malformed trace becomes absent and costs nothing else', () => {
    fc.assert(
      fc.property(anyFrame, fc.jsonValue(), (frame, trace) => {
        expect(decodeFrame(bytes(JSON.stringify({ ...frame, trace })))).toEqual({ ok: true, value: { ...frame, trace: undefined } });
      }),
    );
  });
});

describe('events', () => {
  test.each(Object.entries(events))('%s: whatever it holds comes back as it was', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (event) => {
        const encoded = encodeEvent(event);
        expect(encoded.ok && decodeEvent(JSON.parse(encoded.value))).toEqual({ ok: true, value: event });
      }),
    );
  });

  test('an event over the limit is refused when it is written, counted in bytes', () => {
    const log = (message: string): Result<string> => encodeEvent({ kind: 'log', id, at: 1, level: 'info', priority: 'low', message });
    const empty = log('');
    const room = limits.event - (empty.ok ? empty.value.length : 0);
    expect(codeOf(log('a'.repeat(room)))).toBe('ok');
    expect(codeOf(log('a'.repeat(room + 1)))).toBe('message_too_large');
    expect(messageOf(log('é'.repeat(room)))).toMatch(/^the message takes \d+ bytes: at most 1048576 are allowed$/);
  });

  test('the longest argument of a command fits one event, though every byte of it is escaped', () => {
    const event = { kind: 'log', id, at: 1, level: 'info', priority: 'low', message: '\u0001'.repeat(128 * 1024) } as const;
    expect(codeOf(encodeEvent(event))).toBe('ok');
  });

  test('an unknown kind is told from an event that is wrong', () => {
    expect(codeOf(decodeEvent({ kind: 'alarm', id, at: 1 }))).toBe('event_kind_unknown');
    expect(codeOf(decodeEvent({ kind: 'log', id, at: 1 }))).toBe('event_unreadable');
    expect(messageOf(decodeEvent({ kind: 'dropped', id, at: 1, from: 0, to: 1, reason: '' }))).toMatch(/^the dropped event is wrong at from: /);
  });

  test.each(['__proto__', 'constructor', 'valueOf'])('the kind %s is unknown like any other', (kind) => {
    expect(codeOf(decodeEvent({ kind }))).toBe('event_kind_unknown');
  });

  test.each([undefined, null, 7, 'log', [], [{ kind: 'log' }], {}, { kind: 7 }, { kind: ['log'] }, { kind: { toString: 1, valueOf: 1 } }])('%j is unreadable', (value) => {
    expect(codeOf(decodeEvent(value))).toBe('event_unreadable');
  });

  test('never throws for any JSON value', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ kind: fc.oneof(fc.constantFrom(...Object.keys(events)), fc.jsonValue()) }, { noNullPrototype: true }));
    fc.assert(fc.property(value, (any) => expect(codeOf(decodeEvent(any))).toMatch(/^event_/)));
  });

  test('an unreadable event leaves the frame that brought it readable', () => {
    const body = `{"stream":"${id}","lane":"report","entries":[{"sequence":1,"event":null},{"sequence":2,"event":{"kind":"alarm"}},{"sequence":3,"event":{"kind":"phase","id":"${id}","at":1,"phase":"ready"}}]}`;
    const decoded = decodeFrame(bytes(frameText({ kind: '"events"', body })));
    const entries = decoded.ok && isFrame(decoded.value, 'events') ? decoded.value.body.entries : [];
    expect(entries.map(({ event }) => codeOf(decodeEvent(event)))).toEqual(['event_unreadable', 'event_kind_unknown', 'ok']);
  });
});
