// A metadata service on a port of this machine: answers by path as a test says, and remembers what it was asked.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '../../../effects/clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { Effort, Reach } from '../service.ts';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export interface AskedQuestion {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export class FakeCloud {
  readonly asked: AskedQuestion[] = [];
  readonly #server: Server;
  answer: Answering;

  private constructor(answer: Answering) {
    this.answer = answer;
    this.#server = createServer((request, response) => {
      this.asked.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
      this.answer(request, response);
    });
  }

  static async open(answer: Answering = notFound): Promise<FakeCloud> {
    const cloud = new FakeCloud(answer);
    await new Promise<void>((resolve) => cloud.#server.listen(0, '127.0.0.1', resolve));
    return cloud;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on TCP
    return `http://127.0.0.1:${port}`;
  }

  get paths(): readonly string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

export const status = (code: number, headers: Readonly<Record<string, string>> = {}): Answering => (_request, response) => void response.writeHead(code, headers).end('no');

export const notFound = status(404);

export const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): Answering => (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(typeof value === 'string' ? value : JSON.stringify(value));

/** Never answers. */
export const silence: Answering = () => undefined;

export const reset: Answering = ({ socket }) => void socket.resetAndDestroy();

/** One answer after another, the last one for ever. */
export const inTurn = (...answers: readonly Answering[]): Answering => {
  let at = 0;
  return (request, response) => answers[Math.min(at++, answers.length - 1)]?.(request, response);
};

/** By method and path; a path that ends with a slash is a listing of what is below it. */
export const tree = (texts: Readonly<Record<string, string>>, check: (request: IncomingMessage) => number = () => 200): Answering => (request, response) => {
  const code = check(request);
  const text = texts[`${request.method} ${request.url}`] ?? texts[request.url ?? ''];
  if (code !== 200 || text === undefined) notFoundOr(code)(request, response);
  else response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
};

const notFoundOr = (code: number): Answering => status(code === 200 ? 404 : code);

/** Quick, for a service on this machine. */
export const effort: Effort = { limits: { connectMs: 2_000, answerMs: 2_000, bytes: 65_536 }, attempts: 3, firstPauseMs: 1, longestPauseMs: 5 };

export const reach = (more: Partial<Reach> & { readonly clock?: Clock } = {}): Reach => ({ effort, clock: systemClock, random: seededRandom(1), signal: new AbortController().signal, ...more });
