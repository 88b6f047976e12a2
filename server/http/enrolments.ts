// Identities over HTTP.
//
//   POST   /api/enrolments                 makes a token: 201, the only time that it is shown; from this machine alone
//   GET    /api/enrolments                 tokens, without anything secret: ?after=POSITION&limit=N
//   GET    /api/identities                 identities, the same way
//   DELETE /api/identities/CLUSTER/NODE    revokes one: 202 when it is durable, the broker follows; from this machine alone
//   POST   /api/enrol                      a node redeems its token: 200 with what is sealed for it
//
// The last is the one request that changes something and comes from other machines. Whoever sends it proves that it has the token;
// until then it costs a small body, a look into the store and two hashes, so often an address and no more (node/http/rate-bound.ts).
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { MintedToken, Revocation, Sealed } from '../../actors/server/enrolment.ts';
import type { IdentityRecord, PageQuery, Placed, TokenRecord } from '../../actors/server/enrolment-ports.ts';
import type { Clock } from '../../effects/clock.ts';
import { RateBound } from '../../node/http/rate-bound.ts';
import { enrolRequest, tokenRequest, type EnrolRequest, type TokenRequest } from '../../protocol/enrolment.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { nodeAddress, type NodeAddress } from '../../protocol/identity.ts';
import { firstIssue, parseJson } from '../../protocol/json.ts';
import { fail, type Result } from '../../protocol/result.ts';
import { parsePage } from './event-query.ts';
import type { HttpLimits } from './limits.ts';
import { refuse } from './problem.ts';
import { guardWrites } from './write-guard.ts';

export interface EnrolmentSources {
  mint(request: TokenRequest): Promise<Result<MintedToken>>;
  redeem(request: EnrolRequest): Promise<Result<Sealed>>;
  revoke(node: NodeAddress): Promise<Result<Revocation>>;
  tokens(page: PageQuery): ReadonlyArray<Placed<TokenRecord>>;
  identities(page: PageQuery): ReadonlyArray<Placed<IdentityRecord>>;
}

/** What is there, and what may be done with it, for requests that ask for something else. */
export const enrolmentPaths: ReadonlyArray<{ readonly path: RegExp; readonly allow: string }> = [
  { path: /^\/api\/enrolments$/, allow: 'GET, HEAD, POST' },
  { path: /^\/api\/enrol$/, allow: 'POST' },
  { path: /^\/api\/identities$/, allow: 'GET, HEAD' },
  { path: /^\/api\/identities\/[^/]+\/[^/]+$/, allow: 'DELETE' },
];

const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  request_invalid: 400,
  token_unknown: 403,
  token_used: 403,
  token_expired: 403,
  identity_unknown: 404,
  enrolment_off: 409,
};

const answer = <T>(response: FastifyReply, status: number, result: Result<T>): FastifyReply =>
  result.ok ? response.code(status).header('cache-control', 'no-store').send(result.value) : refuse(response, statuses[result.error.code] ?? 503, result.error.code, result.error.message);

interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: Parameters<typeof firstIssue>[0] };
}

const read = <T>(schema: Schema<T>, body: unknown): Result<T> => {
  const json = parseJson(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
  if (!json.ok) return fail('request_invalid', `the body ${json.error}`);
  const parsed = schema.safeParse(json.value);
  return parsed.success ? { ok: true, value: parsed.data } : fail('request_invalid', firstIssue(parsed.error));
};

/** A token is 22 characters, its nonce and proof 43 each. */
const bodyBytes = 4_096;
const enrolsAtATime = 64;
const burst = 30;

const readJson = (scope: FastifyInstance): void => {
  scope.removeAllContentTypeParsers();
  // Only this type: a page of another site cannot send it without asking first.
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: bodyBytes }, (_request, body, done) => done(null, body));
};

/** The position to go on from. */
const nextOf = (listed: ReadonlyArray<Placed<unknown>>, { after = 0 }: PageQuery): number => listed.at(-1)?.position ?? after;

/** What the operator does. To be added to a scope of its own. */
export const addEnrolments = (scope: FastifyInstance, sources: EnrolmentSources, limits: HttpLimits): void => {
  guardWrites(scope, limits);
  readJson(scope);

  scope.post('/api/enrolments', async ({ body }, response) => {
    const request = read(tokenRequest, body);
    return answer(response, 201, request.ok ? await sources.mint(request.value) : request);
  });

  scope.get<{ Querystring: Record<string, unknown> }>('/api/enrolments', async ({ query }, response) => {
    const page = parsePage(query);
    if (!page.ok) return answer(response, 200, page);
    const enrolments = sources.tokens(page.value);
    return { enrolments, next: nextOf(enrolments, page.value) };
  });

  scope.get<{ Querystring: Record<string, unknown> }>('/api/identities', async ({ query }, response) => {
    const page = parsePage(query);
    if (!page.ok) return answer(response, 200, page);
    const identities = sources.identities(page.value);
    return { identities, next: nextOf(identities, page.value) };
  });

  scope.delete<{ Params: { cluster: string; node: string } }>('/api/identities/:cluster/:node', async ({ params }, response) => {
    const node = nodeAddress.safeParse(params);
    return answer(response, 202, node.success ? await sources.revoke(node.data) : fail('request_invalid', firstIssue(node.error)));
  });
};

/** What nodes do, from wherever they are. To be added to a scope of its own. */
export const addEnrol = (scope: FastifyInstance, sources: Pick<EnrolmentSources, 'redeem'>, clock: Pick<Clock, 'monotonic'>): void => {
  readJson(scope);
  const rate = new RateBound(burst, clock);
  let underWay = 0;
  scope.addHook('onRequest', async ({ socket }, response) => {
    const mayAsk = rate.take(socket.remoteAddress ?? '');
    if (mayAsk && underWay < enrolsAtATime) {
      underWay += 1;
      response.raw.once('close', () => (underWay -= 1));
      return;
    }
    void response.header('connection', 'close').header('retry-after', '1');
    return mayAsk ? refuse(response, 503, 'busy', 'too many nodes are being enrolled: try again') : refuse(response, 429, 'busy', 'too many requests from this address: try again');
  });

  scope.post('/api/enrol', async ({ body }, response) => {
    const request = read(enrolRequest, body);
    return answer(response, 200, request.ok ? await sources.redeem(request.value) : request);
  });
};
