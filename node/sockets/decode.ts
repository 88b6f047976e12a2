// Lines of a client into what they mean. Whatever a client sends, the outcome is a value.
import { id } from '../../protocol/identity.ts';
import { firstIssue, parseJson } from '../../protocol/json.ts';
import { hello, localVersion, requestSchema, requestSchemas, type LocalReply, type LocalRequest } from '../../protocol/local.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { refusal } from './replies.ts';

/** The first line of a connection: whether client and daemon share a version. */
export const decodeHello = (line: Uint8Array): Result<void> => {
  const json = parseJson(line);
  if (!json.ok) return fail('request_invalid', `the handshake ${json.error}`);
  const parsed = hello.safeParse(json.value);
  if (!parsed.success) return fail('request_invalid', `the handshake is wrong at ${firstIssue(parsed.error)}`);
  const { min, max } = parsed.data.jetpack;
  if (min <= localVersion && localVersion <= max) return ok(undefined);
  return fail('handshake_unsupported', `the client speaks versions ${min} to ${max} of the local protocol, this daemon speaks ${localVersion}`);
};

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

/** A request, or the reply that says what is wrong with it: under the request's id when that much can be read. */
export const decodeRequest = (line: Uint8Array): Result<LocalRequest, LocalReply> => {
  const json = parseJson(line);
  if (!json.ok) return { ok: false, error: refusal('request_invalid', `the request ${json.error}`) };
  return checkRequest(json.value);
};

/** The same of a value. */
export const checkRequest = (value: unknown): Result<LocalRequest, LocalReply> => {
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const refuse = (message: string, to?: string): Result<LocalRequest, LocalReply> => ({ ok: false, error: refusal('request_invalid', message, to) });
  const parsedId = id.safeParse(member(value, 'id'));
  const to = parsedId.success ? parsedId.data : undefined;
  const verb = member(value, 'verb');
  if (typeof verb !== 'string') return refuse('the request has no verb', to);
  if (!Object.hasOwn(requestSchemas, verb)) return refuse(`the request has an unknown verb: known are ${Object.keys(requestSchemas).join(', ')}`, to);
  return refuse(`the ${verb} request is wrong at ${firstIssue(parsed.error)}`, to);
};
