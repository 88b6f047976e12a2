import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { encodeEvent } from '../protocol/codec.ts';
import { errors } from '../protocol/errors.ts';
import { levels, priorities } from '../protocol/events.ts';
import { limits } from '../protocol/limits.ts';
import { requestSchema } from '../protocol/local.ts';
import { character } from '../protocol/testing/character.ts';
import { conclude } from './conclude.ts';
import { say, sayFailure } from './line.ts';
import { logRequest } from './log.ts';
import { sendRequest } from './send.ts';

const id = '0192f0c1-2345-7890-8abc-def012345678';
const envelope = { id, at: 1_767_225_600_000 };
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

describe('the request of log', () => {
  test('is what its schema says, for any message', () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), fc.constantFrom(...levels), fc.constantFrom(...priorities), (message, level, priority) => {
        const request = logRequest({ command: 'log', message, level, priority }, { ...envelope, trace });
        expect(request.ok && requestSchema.parse(request.value)).toEqual({ id, at: envelope.at, trace, verb: 'log', message, level, priority });
      }),
    );
  });

  test('is refused here when its event would be refused later', () => {
    const bodies = [limits.event - 2000, limits.event - 1300, limits.event].map((length) => 'x'.repeat(length));
    const outcomes = bodies.map((message) => {
      const request = logRequest({ command: 'log', message, level: 'info', priority: 'low' }, envelope);
      const longTrace = { ...trace, tracestate: 't'.repeat(512) };
      const event = encodeEvent({ kind: 'log', ...envelope, trace: longTrace, level: 'info', priority: 'low', message });
      return [request.ok, event.ok];
    });
    expect(outcomes).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ]);
    expect(logRequest({ command: 'log', message: 'x'.repeat(limits.event), level: 'info', priority: 'low' }, envelope)).toMatchObject({ ok: false, error: { code: 'message_too_large' } });
  });
});

describe('the request of send', () => {
  const request = (body: Uint8Array) => sendRequest({ command: 'send', routingKey: 'a.b', body: { type: 'input' } }, body, envelope);

  test.each([
    ['text', 'system is ready', 'text/plain'],
    ['an empty body', '', 'text/plain'],
    ['a number is text', '42', 'text/plain'],
    ['a JSON object', '{"system": "grid"}\n', 'application/json'],
    ['a JSON array', ' [1, 2]', 'application/json'],
    ['almost JSON', '{"system": }', 'text/plain'],
    ['JSON too deep to be read', '['.repeat(100) + ']'.repeat(100), 'text/plain'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00]), 'application/octet-stream'],
    ['text with a zero byte', 'a\0b', 'application/octet-stream'],
  ])('%s', (_what, body, contentType) => {
    const bytes = Buffer.from(body);
    const made = request(bytes);
    expect(made.ok && requestSchema.parse(made.value)).toEqual({ id, at: envelope.at, verb: 'send', routingKey: 'a.b', contentType, bodyBase64: bytes.toString('base64') });
  });

  test('the largest body passes and its line fits the socket; one byte more is refused', () => {
    const largest = request(Buffer.alloc(limits.userBody));
    expect(largest.ok && JSON.stringify(largest.value).length < limits.line).toBe(true);
    expect(request(Buffer.alloc(limits.userBody + 1))).toMatchObject({ ok: false, error: { code: 'message_too_large' } });
  });
});

describe('what an answer means', () => {
  test('success is accepted', () => expect(conclude({ ok: true, id, result: null })).toEqual({ type: 'accepted' }));

  test.each(Object.keys(errors))('%s is known here, so it is no defect', (code) => {
    const conclusion = conclude({ ok: false, id, code, message: 'why' });
    const passing = ['busy', 'timeout', 'daemon_unreachable', 'actor_crashed', 'actor_stopped'].includes(code);
    expect(conclusion).toEqual(passing ? { type: 'later', reason: `answers: why (${code})` } : { type: 'failed', failure: { code, message: 'why' } });
  });

  test.each(['quota_exceeded', '__proto__'])('%s, a code of another version, is a failure that keeps its words', (code) => {
    expect(conclude({ ok: false, code, message: 'why' })).toEqual({ type: 'failed', failure: { code: 'internal', message: `why (${code})` } });
  });
});

describe('lines on standard error', () => {
  test('are one line of printable text, whatever they tell', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 2000 }), (text) => {
        expect(say('jetpack', text)).toMatch(/^\P{Cc}{0,520}\n$/u);
      }),
    );
  });

  test('end with the code, or the way to the help', () => {
    expect(sayFailure('jetpack log', { code: 'outbox_full', message: 'the outbox is full' })).toBe('jetpack log: the outbox is full (outbox_full)\n');
    expect(sayFailure('jetpack log', { code: 'usage', message: 'no' })).toBe('jetpack log: no; see jetpack log --help\n');
  });
});
