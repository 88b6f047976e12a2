// What crosses the HTTP API when nodes get identities: an operator asks for a token, a node redeems it. The token's secret is
// never sent by a node (docs/adr/0008): what proves it, and what seals the answer, is in enrolment-seal.ts.
import * as z from 'zod';
import { clusterName, nodeName } from './identity.ts';

const week = 7 * 24 * 3_600;
const span = `is not a whole number from 1 to ${week}`;

/** What is posted to `/api/enrolments`. */
export const tokenRequest = z.strictObject({
  cluster: clusterName,
  node: nodeName,
  expiresInSeconds: z.int(span).min(1, span).max(week, span).default(3_600).describe('until when the token can be used'),
});

export type TokenRequest = z.infer<typeof tokenRequest>;

/** So many bytes in base64url. */
const bytes = (length: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((length * 4) / 3)}}$`), `is not ${length} bytes in base64url`);

export const tokenId = bytes(16);
export const tokenSecret = bytes(32);

/** What is posted to `/api/enrol`. The same again is answered alike; the same token with another nonce is refused. */
export const enrolRequest = z.strictObject({
  id: tokenId.describe('of the token'),
  nonce: bytes(32).describe('random, kept for when this must be asked again'),
  proof: bytes(32).describe('that whoever asks has the secret of the token'),
});

export type EnrolRequest = z.infer<typeof enrolRequest>;

/** The answer. Later fields are for whoever knows them. */
export const enrolAnswer = z.object({ sealed: z.string().max(262_144, 'is too long') });

/** What is sealed in it: all that a node needs to connect. */
export const credentials = z.object({
  cluster: clusterName,
  node: nodeName,
  prefix: z.string(),
  user: z.string(),
  password: z.string(),
  /** The broker's addresses, without name and password. */
  urls: z.array(z.string()).min(1, 'names no broker').readonly(),
  /** In PEM: whose certificates the broker's must be from. */
  ca: z.string().optional(),
});

export type Credentials = z.infer<typeof credentials>;
