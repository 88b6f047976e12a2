import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { errorCodes } from './errors.ts';
import { limits } from './limits.ts';
import { hello, reply, requestSchema, spooledRequest } from './local.ts';
import { anyRequest, requests } from './testing/arbitraries.ts';

const overTheSocket = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const id = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('requests on a local socket', () => {
  test.each(Object.entries(requests))('%s: whatever it holds comes back as it was', (_, arbitrary) => {
    fc.assert(fc.property(arbitrary, (request) => expect(requestSchema.parse(overTheSocket(request))).toEqual(request)));
  });

  test('what the spool may hold is what outlives the daemon: what is reported or sent, and no wish to be ended', () => {
    for (const request of fc.sample(anyRequest)) {
      expect(spooledRequest.safeParse(overTheSocket(request)).success).toBe(['log', 'send', 'condition', 'autoscale', 'installation'].includes(request.verb));
    }
  });

  test('never throws for any JSON value, and reads none of it as a request', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ verb: fc.oneof(fc.constantFrom('log', 'send', '__proto__'), fc.jsonValue()), id: fc.jsonValue() }));
    fc.assert(fc.property(value, (any) => expect(requestSchema.safeParse(any).success).toBe(false)));
  });

  test('a body that is not base64 is refused', () => {
    const send = { verb: 'send', id, at: 1, routingKey: 'a', contentType: 'text/plain' };
    expect(requestSchema.safeParse({ ...send, bodyBase64: 'aGk=' }).success).toBe(true);
    for (const bodyBase64 of ['aGk', 'aG k', 'aGk=\n', '-_==', 7]) expect(requestSchema.safeParse({ ...send, bodyBase64 }).success).toBe(false);
  });

  test('a line has room for the largest body in base64, the longest routing key and an envelope', () => {
    expect(Math.ceil(limits.userBody / 3) * 4 + 6 * limits.routingKey + 4096).toBeLessThan(limits.line);
  });
});

describe('the handshake', () => {
  test('names the versions a client speaks', () => {
    expect(hello.parse({ jetpack: { min: 1, max: 3 }, later: true })).toEqual({ jetpack: { min: 1, max: 3 } });
    for (const wrong of [null, {}, { jetpack: 1 }, { jetpack: { min: '1', max: 1 } }]) expect(hello.safeParse(wrong).success).toBe(false);
  });
});

describe('replies', () => {
  test('say yes with any result or none', () => {
    fc.assert(
      fc.property(fc.option(fc.jsonValue(), { nil: undefined }), (result) => {
        const answer = { ok: true, id, result };
        expect(reply.parse(overTheSocket(answer))).toEqual(overTheSocket(answer));
      }),
    );
  });

  test('say no with a code, also to a line whose id could not be read', () => {
    for (const code of errorCodes) expect(reply.parse({ ok: false, code, message: 'why' })).toEqual({ ok: false, code, message: 'why' });
    expect(reply.safeParse({ ok: false, message: 'why' }).success).toBe(false);
  });
});
