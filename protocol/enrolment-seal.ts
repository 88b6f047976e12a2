// The cryptography of enrolment, the same on both sides: a token of which only the id is ever sent, the proof of having its
// secret, and the seal on the answer.
//
//   token     ID.SECRET, 16 and 32 random bytes in base64url: the operator's, and the node's
//   key       HKDF(secret, id): what the server keeps of it, until the token can no longer be used
//   proof     HMAC(HKDF(key, 'proof'), id and nonce)
//   password  HKDF(key and nonce, 'password'): the same request leads to the same one
//   http      HKDF(password, 'http'): the password that programs on the node show to the HTTP API, and that is good for nothing else
//   verifier  HKDF(http, 'verifier'): what the server keeps of it
//   seal      AES-256-GCM under HKDF(key and nonce, 'seal'), a fresh initialization vector for every answer, bound to the id
//
// Each derived value has a purpose of its own, so that none tells anything of another.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Random } from '../effects/random.ts';
import { tokenId, tokenSecret } from './enrolment.ts';
import { fail, ok, type Result } from './result.ts';

export interface Token {
  readonly id: string;
  readonly secret: string;
}

const keyBytes = 32;
const vectorBytes = 12;
const tagBytes = 16;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

const derive = (material: Uint8Array, salt: Uint8Array | string, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', material, salt, `jetpack enrolment 1: ${purpose}`, keyBytes));

export const mintToken = (random: Random): Token => ({ id: base64(random.bytes(16)), secret: base64(random.bytes(32)) });

export const tokenText = ({ id, secret }: Token): string => `${id}.${secret}`;

/** Fails with `token_unknown`; the line repeats nothing of it. */
export const parseToken = (text: string): Result<Token> => {
  const [id, secret, ...more] = text.trim().split('.');
  const [known, secretOf] = [tokenId.safeParse(id), tokenSecret.safeParse(secret)];
  // A last letter may stand for more bits than there are: only the one that was minted is right.
  const exact = [id, secret].every((part) => part !== undefined && base64(bytesOf(part)) === part);
  if (!known.success || !secretOf.success || !exact || more.length > 0) return fail('token_unknown', 'this is no token of `cycle-server enroll`: it has 22 characters, a dot, and 43 characters');
  return ok({ id: known.data, secret: secretOf.data });
};

/** What a server keeps instead of the secret, in base64url. */
export const keyOf = ({ id, secret }: Token): string => base64(derive(bytesOf(secret), id, 'key'));

export const proofOf = (key: string, id: string, nonce: string): string =>
  createHmac('sha256', derive(bytesOf(key), id, 'proof')).update(`${id}.${nonce}`).digest('base64url');

export const isProof = (key: string, { id, nonce, proof }: { readonly id: string; readonly nonce: string; readonly proof: string }): boolean => {
  const [wanted, given] = [bytesOf(proofOf(key, id, nonce)), bytesOf(proof)];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
};

export const passwordOf = (key: string, nonce: string): string => base64(derive(bytesOf(key), bytesOf(nonce), 'password'));

export const httpPasswordOf = (password: string): string => base64(derive(Buffer.from(password, 'utf8'), '', 'http'));

/** 256 random bits cannot be guessed, so no slow function stands between. */
export const verifierOf = (password: string): string => base64(derive(Buffer.from(password, 'utf8'), '', 'verifier'));

export const isPassword = (verifier: string, password: string): boolean => {
  const [wanted, given] = [bytesOf(verifier), bytesOf(verifierOf(password))];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
};

/** In base64url: initialization vector, tag, cipher text. */
export const seal = (key: string, { id, nonce }: { readonly id: string; readonly nonce: string }, text: string, random: Random): string => {
  const vector = random.bytes(vectorBytes);
  const cipher = createCipheriv('aes-256-gcm', derive(bytesOf(key), bytesOf(nonce), 'seal'), vector).setAAD(Buffer.from(id));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return base64(Buffer.concat([vector, cipher.getAuthTag(), sealed]));
};

/** Undefined when it was not sealed with this key for this question, or was altered. */
export const unseal = (key: string, { id, nonce }: { readonly id: string; readonly nonce: string }, sealed: string): string | undefined => {
  const bytes = bytesOf(sealed);
  if (bytes.length < vectorBytes + tagBytes) return undefined;
  const [vector, tag, rest] = [bytes.subarray(0, vectorBytes), bytes.subarray(vectorBytes, vectorBytes + tagBytes), bytes.subarray(vectorBytes + tagBytes)];
  try {
    const decipher = createDecipheriv('aes-256-gcm', derive(bytesOf(key), bytesOf(nonce), 'seal'), vector, { authTagLength: tagBytes }).setAAD(Buffer.from(id)).setAuthTag(tag);
    return Buffer.concat([decipher.update(rest), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
};
