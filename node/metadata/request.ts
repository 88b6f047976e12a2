// One request to a metadata service: bounded in time and size, never through a proxy, never following to another address. Only
// `http.request` with an agent of its own is sure of that: Node's global agent and `fetch` may take proxies from the environment.
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../effects/clock.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { reasonOf } from '../../transport/reason.ts';

export interface RequestLimits {
  /** For the connection, milliseconds. */
  readonly connectMs: number;
  /** For the whole of it. */
  readonly answerMs: number;
  readonly bytes: number;
}

export interface ServiceRequest {
  readonly url: URL;
  readonly method: 'GET' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: false });

/** The error completes "it …". Never rejects. */
export const request = ({ headers, method, url }: ServiceRequest, limits: RequestLimits, clock: Clock, signal: AbortSignal): Promise<Result<ServiceAnswer, string>> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ ok: false, error: 'was given up' });
      return;
    }
    const outgoing = httpRequest(url, { method, headers, agent });
    const end = (result: Result<ServiceAnswer, string>): void => {
      cancelConnect();
      cancelAnswer();
      signal.removeEventListener('abort', abort);
      resolve(result);
      outgoing.destroy();
    };
    const failed = (error: string): void => end({ ok: false, error });
    const abort = (): void => failed('was given up');
    const cancelConnect = clock.after(limits.connectMs, () => failed(`cannot be reached within ${limits.connectMs} ms`));
    const cancelAnswer = clock.after(limits.answerMs, () => failed(`does not answer within ${limits.answerMs} ms`));
    signal.addEventListener('abort', abort, { once: true });
    outgoing.on('error', (error) => failed(`does not answer: ${reasonOf(error)}`));
    outgoing.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', cancelConnect);
      else cancelConnect();
    });
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > limits.bytes) failed(`answers with more than ${limits.bytes} bytes`);
      });
      response.on('error', (error) => failed(`does not answer to the end: ${reasonOf(error)}`));
      response.on('end', () => end(ok({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })));
    });
    outgoing.end();
  });
