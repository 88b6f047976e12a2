import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { seededRandom, systemRandom } from '../effects/random.ts';
import { enrolRequest } from './enrolment.ts';
import { isProof, keyOf, mintToken, parseToken, passwordOf, proofOf, seal, tokenText, unseal } from './enrolment-seal.ts';
import { character } from './testing/character.ts';

const nonceOf = (seed: number): string => Buffer.from(seededRandom(seed).bytes(32)).toString('base64url');

const token = mintToken(seededRandom(1));
const key = keyOf(token);
const nonce = nonceOf(2);
const question = { id: token.id, nonce };

describe('a token', () => {
  test('is one word that comes back as it was, whatever white space is around it', () => {
    expect(tokenText(token)).toMatch(/^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/);
    expect(parseToken(`  ${tokenText(token)}\n`)).toEqual({ ok: true, value: token });
  });

  test.each(['', 'x', '.', tokenText(token).slice(1), `${tokenText(token)}x`, `${tokenText(token)}.x`, tokenText(token).replace('.', ' '), token.secret])(
    'that is none (%j) is refused in a line that repeats nothing of it',
    (text) => {
      const parsed = parseToken(text);
      expect(parsed).toMatchObject({ ok: false, error: { code: 'token_unknown' } });
      const [secret = ''] = /[A-Za-z0-9_-]{21,}/.exec(text) ?? ['none'];
      expect(JSON.stringify(parsed)).not.toContain(secret);
    },
  );

  test('is another one every time', () => {
    expect(mintToken(systemRandom)).not.toEqual(mintToken(systemRandom));
  });
});

describe('what is derived', () => {
  test('has a purpose of its own each, and none shows the secret', () => {
    const derived = [key, proofOf(key, token.id, nonce), passwordOf(key, nonce), token.secret];
    expect(new Set(derived).size).toBe(derived.length);
  });

  test('fits what is sent', () => {
    expect(enrolRequest.safeParse({ ...question, proof: proofOf(key, token.id, nonce) }).success).toBe(true);
  });

  test('is the same for the same request, and another for another nonce or token', () => {
    expect(passwordOf(key, nonce)).toBe(passwordOf(keyOf({ ...token }), nonce));
    expect(passwordOf(key, nonceOf(3))).not.toBe(passwordOf(key, nonce));
    expect(passwordOf(keyOf(mintToken(seededRandom(4))), nonce)).not.toBe(passwordOf(key, nonce));
  });
});

describe('a proof', () => {
  const proof = proofOf(key, token.id, nonce);

  test('is taken from whoever has the secret', () => {
    expect(isProof(key, { ...question, proof })).toBe(true);
  });

  test('is refused for another nonce, another token, and when anything of it is altered', () => {
    expect(isProof(key, { ...question, nonce: nonceOf(5), proof })).toBe(false);
    expect(isProof(keyOf(mintToken(seededRandom(6))), { ...question, proof })).toBe(false);
    expect(isProof(key, { ...question, proof: proof.startsWith('A') ? `B${proof.slice(1)}` : `A${proof.slice(1)}` })).toBe(false);
    expect(isProof(key, { ...question, proof: '' })).toBe(false);
  });
});

describe('a seal', () => {
  test('opens to what was sealed, for the same question alone, and never twice to the same bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 300 }), fc.integer(), (text, seed) => {
        fc.pre(text.isWellFormed());
        const random = seededRandom(seed);
        const [one, other] = [seal(key, question, text, random), seal(key, question, text, random)];
        expect([unseal(key, question, one), unseal(key, question, other)]).toEqual([text, text]);
        expect(one).not.toBe(other);
        expect(unseal(key, { ...question, nonce: nonceOf(7) }, one)).toBeUndefined();
        expect(unseal(key, { ...question, id: mintToken(random).id }, one)).toBeUndefined();
      }),
    );
  });

  test('that was altered in any byte does not open', () => {
    const sealed = Buffer.from(seal(key, question, 'text', seededRandom(8)), 'base64url');
    for (let index = 0; index < sealed.length; index += 1) {
      const altered = Buffer.from(sealed);
      altered.writeUInt8(altered.readUInt8(index) ^ 1, index);
      expect(unseal(key, question, altered.toString('base64url'))).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1) expect(unseal(key, question, sealed.subarray(0, length).toString('base64url'))).toBeUndefined();
  });
});
