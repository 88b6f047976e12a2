// What programs made for version 8 tell over HTTP, as the node they are on.
//
//   POST /clusterlink/messages    202 when all of it is in the store; nothing of it is when the answer is another
//   GET  /clusterlink/node        200 and whose credentials they are: whether they are right, without telling anything
//
// Whoever sends it shows the user of its node and the password for HTTP that node.json has (HTTP Basic), before the body is read. It comes from
// other machines, and writes: a page of another site cannot send it, for it would have to know the password.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../effects/clock.ts';
import { RateBound } from '../../node/http/rate-bound.ts';
import { clusterlinkPath, whoAmIPath } from '../../protocol/clusterlink.ts';
import { readClusterlink, type Speaker, type ToldEvent } from '../../protocol/clusterlink-read.ts';
import { encodeEvent } from '../../protocol/codec.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { withSpan } from '../../telemetry/span.ts';
import { apiSpan, recordResponse } from '../../telemetry/spans.ts';
import { extractTrace } from '../../telemetry/trace-carrier.ts';
import type { HttpLimits } from './limits.ts';
import { refuse } from './problem.ts';

export interface ClusterlinkSources {
  /** Whose credentials these are. Fails with `identity_refused`, or `enrolment_off` where nodes have none. */
  speaker(user: string, password: string): Result<Speaker>;
  /** How many of these were not posted before. */
  post(from: NodeAddress, events: readonly ToldEvent[]): Promise<Result<number>>;
}

const atATime = 64;
/** Of one node; one more a second. */
const burst = 60;

const statuses: Partial<Readonly<Record<ErrorCode, number>>> = { request_invalid: 400, identity_refused: 403, enrolment_off: 409, message_too_large: 413 };

const credentialsOf = (authorization: string | undefined): readonly [user: string, password: string] | undefined => {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
};

const read = (body: unknown, speaker: Speaker): Result<readonly ToldEvent[]> => {
  const told = readClusterlink(Buffer.isBuffer(body) ? body : Buffer.alloc(0), speaker);
  if (!told.ok) return told;
  for (const event of told.value) {
    const fits = encodeEvent(event.kind === 'installation' ? { ...event, hostname: event.hostname ?? '' } : event);
    if (!fits.ok) return fits;
  }
  return told;
};

/** To be added to a scope of its own. */
export const addClusterlink = (scope: FastifyInstance, sources: ClusterlinkSources, { bodyBytes }: Pick<HttpLimits, 'bodyBytes'>, clock: Pick<Clock, 'monotonic'>): void => {
  const rate = new RateBound(burst, clock);
  const speakers = new WeakMap<FastifyRequest, Speaker>();
  let underWay = 0;

  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: bodyBytes }, (_request, body, done) => done(null, body));

  scope.addHook('onRequest', async (request, response) => {
    const turnAway = (status: number, code: ErrorCode, detail: string): FastifyReply => {
      void response.header('connection', 'close');
      return refuse(response, status, code, detail);
    };
    const shown = credentialsOf(request.headers.authorization);
    const speaker = shown === undefined ? fail('identity_refused', 'the user and the password of a node are asked for') : sources.speaker(...shown);
    if (!speaker.ok) {
      const isUnknown = speaker.error.code === 'identity_refused';
      if (isUnknown) void response.header('www-authenticate', 'Basic realm="cycle-server", charset="UTF-8"');
      return turnAway(isUnknown ? 401 : (statuses[speaker.error.code] ?? 503), speaker.error.code, speaker.error.message);
    }
    void response.header('retry-after', '1');
    if (!rate.take(JSON.stringify([speaker.value.cluster, speaker.value.node]))) return turnAway(429, 'busy', 'too many requests of this node: try again');
    if (underWay >= atATime) return turnAway(503, 'busy', 'too many nodes tell something: try again');
    response.removeHeader('retry-after');
    underWay += 1;
    response.raw.once('close', () => (underWay -= 1));
    speakers.set(request, speaker.value);
  });

  const take = async (request: FastifyRequest): Promise<Result<{ readonly stored: number; readonly repeated: number }>> => {
    const speaker = speakers.get(request);
    if (speaker === undefined) return fail('internal', 'nobody was asked who they are');
    const events = read(request.body, speaker);
    if (!events.ok) return events;
    const { cluster, node } = speaker;
    const posted = await sources.post({ cluster, node }, events.value);
    return posted.ok ? ok({ stored: posted.value, repeated: events.value.length - posted.value }) : posted;
  };

  scope.get(whoAmIPath, async (request, response) => {
    const speaker = speakers.get(request);
    return speaker === undefined ? refuse(response, 500, 'internal', 'nobody was asked who they are') : { cluster: speaker.cluster, node: speaker.node };
  });

  scope.post(clusterlinkPath, (request, response) =>
    withSpan(apiSpan(clusterlinkPath, extractTrace(request.headers)), async (span) => {
      const taken = await take(request);
      const status = taken.ok ? 202 : (statuses[taken.error.code] ?? 503);
      recordResponse(span, status, undefined, taken.ok ? undefined : taken.error.code);
      return taken.ok ? response.code(status).send(taken.value) : refuse(response, status, taken.error.code, taken.error.message);
    }),
  );
};
