// One request that a program of this machine posts, into requests for the gateway, and the answer. It comes by loopback, so all that is
// known of the sender is that it is on this machine: what it may do is what a line in the log is worth. It opens no path and starts
// nothing on its behalf, and takes neither node nor host name from it.
//
// Bounded: bytes of a body, bodies at a time, and how often. A page in a browser on this machine is turned away: by `Origin`, by a `Host`
// that only pretends to be this machine, and by a content type that such a page cannot send unasked.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { clusterlinkPath } from '../../protocol/clusterlink.ts';
import { readClusterlink, type Speaker, type ToldEvent } from '../../protocol/clusterlink-read.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { LocalRequestOf } from '../../protocol/local.ts';
import { assertNever } from '../../protocol/result.ts';
import { answerRequest, type HandleRequest } from '../sockets/requests.ts';
import { isLocalPage, isLoopbackHost } from './loopback.ts';
import { problem, problemType } from './problem.ts';
import { RateBound } from './rate-bound.ts';

export interface MessagesOptions {
  readonly speaker: Speaker;
  readonly handle: HandleRequest;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

const bodyBytes = 1024 * 1024;
const atATime = 16;
const burst = 100;
const perSecond = 10;
const acceptMs = 5_000;

interface Answer {
  readonly status: number;
  readonly code?: ErrorCode;
  readonly detail?: string;
  readonly allow?: string;
  readonly accepted?: number;
}

const refused = (status: number, code: ErrorCode, detail: string): Answer => ({ status, code, detail });

const isLocalHost = (host: string | undefined): boolean => host !== undefined && URL.canParse(`http://${host}`) && isLoopbackHost(new URL(`http://${host}`).hostname);

/** What is wrong with a request before any of its body is read. */
const refusalOf = ({ headers, method, url = '' }: IncomingMessage): Answer | undefined => {
  if (!isLocalHost(headers.host) || (headers.origin !== undefined && !isLocalPage(headers.origin))) return refused(403, 'forbidden', 'only programs on this machine may post here');
  if (url.split('?', 1)[0] !== clusterlinkPath) return refused(404, 'request_invalid', `there is nothing but ${clusterlinkPath}`);
  if (method !== 'POST') return { ...refused(405, 'request_invalid', `${clusterlinkPath} takes POST alone`), allow: 'POST' };
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) return refused(415, 'request_invalid', 'the body is taken as JSON alone: send it with content-type: application/json');
  return Number(headers['content-length'] ?? 0) > bodyBytes ? tooLarge : undefined;
};

const tooLarge = refused(413, 'message_too_large', `the body has more than ${bodyBytes} bytes`);

/** Undefined: it is too large. Rejects when the sender goes away. */
const bodyOf = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Whoever sends too much is still to be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const requestOf = (event: ToldEvent): LocalRequestOf<'log' | 'test' | 'installation'> => {
  switch (event.kind) {
    case 'log': {
      const { kind: verb, ...rest } = event;
      return { verb, remainingMs: acceptMs, ...rest };
    }
    case 'test': {
      const { kind: verb, ...rest } = event;
      return { verb, remainingMs: acceptMs, ...rest };
    }
    case 'installation': {
      // The machine says what it is called.
      const { hostname: _hostname, kind: verb, ...rest } = event;
      return { verb, remainingMs: acceptMs, ...rest };
    }
    default:
      return assertNever(event);
  }
};

const statuses: Partial<Readonly<Record<ErrorCode, number>>> = { request_invalid: 400, identity_refused: 403, message_too_large: 413, internal: 500 };

const statusOf = (code: string): number => Object.entries(statuses).find(([known]) => known === code)?.[1] ?? 503;

const write = (response: ServerResponse, { accepted, allow, code, detail = '', status }: Answer): void => {
  const body = JSON.stringify(code === undefined ? { accepted } : problem(status, code, detail));
  // What was not read of a refused body ends with its connection.
  const headers = code === undefined ? { 'content-type': 'application/json' } : { 'content-type': problemType, connection: 'close', ...(code === 'busy' && { 'retry-after': '1' }), ...(allow !== undefined && { allow }) };
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
};

export interface MessagesHandler {
  /** Never rejects. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends requests of which something is still to come. */
  cut(): void;
}

export const messagesHandler = ({ clock, handle, logger, speaker }: MessagesOptions): MessagesHandler => {
  const rate = new RateBound(burst, clock, perSecond);
  const arriving = new Set<IncomingMessage>();
  let underWay = 0;

  /** One after the other, so that they keep their order; what was accepted before one that was not is known when it comes again. */
  const take = async (body: Uint8Array, gone: AbortSignal): Promise<Answer> => {
    const events = readClusterlink(body, speaker);
    if (!events.ok) return refused(statusOf(events.error.code), events.error.code, events.error.message);
    for (const event of events.value) {
      const reply = await answerRequest(requestOf(event), { progress: () => undefined, gone }, handle, logger);
      // The codes of replies are those of the closed list.
      if (!reply.ok) return refused(statusOf(reply.code), reply.code as ErrorCode, reply.message);
    }
    return { status: 202, accepted: events.value.length };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const refusal = refusalOf(request) ?? (underWay >= atATime ? refused(503, 'busy', 'too many requests are under way: try again') : undefined);
    if (refusal !== undefined) {
      write(response, refusal);
      return;
    }
    if (!rate.take('')) {
      write(response, refused(429, 'busy', 'too many requests: try again'));
      return;
    }
    underWay += 1;
    arriving.add(request);
    try {
      const body = await bodyOf(request);
      arriving.delete(request);
      write(response, body === undefined ? tooLarge : await take(body, gone.signal));
    } catch (error) {
      logger.debug('a program that posted went away', { reason: String(error) });
      response.destroy();
    } finally {
      underWay -= 1;
      arriving.delete(request);
    }
  };

  return {
    answer,
    cut: () => arriving.forEach((request) => request.destroy()),
  };
};
