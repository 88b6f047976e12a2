// Requests to RabbitMQ's management API. Each is bounded in size and time; what goes wrong is a value, and no line of it holds a
// name's password or a body. Of node:http rather than fetch, which takes no certificate authority of one's own.
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { parseJson } from '../../protocol/json.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { reasonOf } from '../../transport/reason.ts';
import type { ManagementAddress } from './address.ts';

export interface ManagementOptions {
  /** In PEM. */
  readonly ca?: string | undefined;
}

type Method = 'GET' | 'PUT' | 'DELETE';

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** For one request and its answer. */
const requestMs = 3_000;
const mostBytes = 16 * 1024 * 1024;

/** Words of a path; each is escaped. */
export type Path = readonly string[];

/** The reason that the broker gives. */
const saidIn = (body: Uint8Array): string => {
  const json = parseJson(body);
  const reason: unknown = json.ok && typeof json.value === 'object' && json.value !== null && 'reason' in json.value ? json.value.reason : undefined;
  return typeof reason === 'string' && reason !== '' ? ` ("${reason.slice(0, 200)}")` : '';
};

export class ManagementClient {
  readonly #address: ManagementAddress;
  readonly #options: ManagementOptions;

  constructor(address: ManagementAddress, options: ManagementOptions) {
    this.#address = address;
    this.#options = options;
  }

  put(path: Path, body: Readonly<Record<string, unknown>>): Promise<Result<void>> {
    return this.#done('PUT', path, body);
  }

  /** What is not there counts as deleted. */
  delete(path: Path): Promise<Result<void>> {
    return this.#done('DELETE', path);
  }

  async get(path: Path): Promise<Result<unknown>> {
    const answered = await this.#send('GET', path);
    return answered.ok ? this.#read(path, answered.value) : answered;
  }

  /** Of what is not there, nothing. */
  async list(path: Path): Promise<Result<readonly unknown[]>> {
    const answered = await this.#send('GET', path);
    if (!answered.ok) return answered;
    if (answered.value.status === 404) return ok([]);
    const read = this.#read(path, answered.value);
    return read.ok ? ok(Array.isArray(read.value) ? read.value : []) : read;
  }

  async #done(method: 'PUT' | 'DELETE', path: Path, body?: Readonly<Record<string, unknown>>): Promise<Result<void>> {
    const answered = await this.#send(method, path, body);
    if (!answered.ok) return answered;
    const { status } = answered.value;
    const isDone = (status >= 200 && status < 300) || (method === 'DELETE' && status === 404);
    return isDone ? ok(undefined) : this.#refused(method, path, answered.value);
  }

  #read(path: Path, answer: Answer): Result<unknown> {
    const json = answer.status === 200 ? parseJson(answer.body) : undefined;
    return json?.ok === true ? json : this.#refused('GET', path, answer);
  }

  #refused(method: Method, path: Path, { body, status }: Answer): Result<never> {
    // RabbitMQ says 401 for all of them, and which one it is in words that differ by version.
    const why = status === 401 || status === 403 ? `: it refuses the user of --management, for its name, its password, its tag (administrator) or its permissions in the virtual host${saidIn(body)}` : '';
    return fail('management_failed', `the broker's management API answers ${method} /api/${path[0] ?? ''} with ${status}${why}`);
  }

  #send(method: Method, path: Path, body?: Readonly<Record<string, unknown>>): Promise<Result<Answer>> {
    const { base, password, user } = this.#address;
    const url = new URL(`api/${path.map(encodeURIComponent).join('/')}`, base);
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const { ca } = this.#options;
    const signal = AbortSignal.timeout(requestMs);
    const headers = { 'content-type': 'application/json', 'content-length': content?.length ?? 0 };
    return new Promise((resolve) => {
      const failed = (error: unknown): void => {
        const reason = signal.aborted ? 'it does not answer in time' : reasonOf(error);
        resolve(fail('management_failed', `the broker's management API at ${url.host} cannot be used: ${reason}`));
      };
      const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
      const sent = send(url, { method, headers, auth: `${user}:${password}`, signal, agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > mostBytes) response.destroy(new Error(`its answer has more than ${mostBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('end', () => resolve(ok({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) })));
        response.on('error', failed);
      });
      sent.on('error', failed);
      sent.end(content);
    });
  }
}
