// One request to the HTTP API of a cycle-server, and its answer or why there is none. What the server refuses comes with the server's own
// code and line. Bounded in time and size, and never follows to another address.
import { errorCodes, type ErrorCode } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { reasonOf } from '../transport/reason.ts';

export interface ApiRequest {
  /** `http://host:port` of the server. */
  readonly server: URL;
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
}

const timeoutMs = 10_000;
const mostBytes = 1024 * 1024;

const unreachable = (server: URL, why: string): Result<never> => fail('server_unreachable', `the API of cycle-server at ${server.host} ${why}`);

/** The URL of an API, if it is one. It may hold no name or password: nothing here would use them. */
export const parseServerUrl = (program: string, text: string): Result<URL> => {
  const url = URL.parse(text);
  const isUsable = url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '';
  return isUsable ? ok(url) : fail('usage', `${program}: --server is not the address of a cycle-server, such as http://127.0.0.1:8080`);
};

const bodyOf = async (response: Response): Promise<Buffer | undefined> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const codeOf = (value: unknown): ErrorCode | undefined => errorCodes.find((code) => code === value);

/** Fails with the server's code, or with `server_unreachable`. */
export const requestApi = async ({ body, method, path, server }: ApiRequest): Promise<Result<unknown>> => {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  try {
    const response = await fetch(new URL(path, server), { method, redirect: 'error', signal: AbortSignal.timeout(timeoutMs), ...sent });
    const bytes = await bodyOf(response);
    if (bytes === undefined) return unreachable(server, `answers with more than ${mostBytes} bytes`);
    const json = parseJson(bytes);
    if (response.ok && json.ok) return json;
    const told: { readonly code?: unknown; readonly detail?: unknown } = json.ok && typeof json.value === 'object' && json.value !== null ? json.value : {};
    const code = codeOf(told.code);
    if (response.ok || code === undefined) return unreachable(server, `answers ${method} ${path} with ${response.status}, and not as a cycle-server does`);
    // One line, whoever it comes from.
    return fail(code, typeof told.detail === 'string' ? told.detail.replaceAll(/\p{Cc}/gu, ' ').slice(0, 500) : `the server refuses: ${code}`);
  } catch (error) {
    const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return unreachable(server, `does not answer: ${reasonOf(cause)}`);
  }
};
