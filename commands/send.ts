// `jetpack send`: a message of the user's own, to the user's exchange (reference, section 5.6). The original's spelling of
// its options is not known; these follow its words "string or file + routing key" and the attribute `routing_key` of the
// Chef resource, which is understood too.
import { isUtf8 } from 'node:buffer';
import { type Command, Option } from 'commander';
import { parseJson } from '../protocol/json.ts';
import { limits } from '../protocol/limits.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Failure, type Result } from '../protocol/result.ts';
import { checkUserRoutingKey } from '../protocol/routing.ts';
import type { Envelope } from './envelope.ts';

export interface SendInvocation {
  readonly command: 'send';
  readonly routingKey: string;
  readonly body: { readonly type: 'text'; readonly text: string } | { readonly type: 'file'; readonly path: string } | { readonly type: 'input' };
}

interface SendOptions {
  readonly file?: string;
  readonly routingKey?: string;
  readonly routing_key?: string;
}

const bodyOf = (message: string | undefined, file: string | undefined): Result<SendInvocation['body']> => {
  if (message !== undefined && file !== undefined) return fail('usage', 'give a message or --file, not both');
  if (message !== undefined) return ok({ type: 'text', text: message });
  if (file === undefined) return fail('usage', 'nothing to send: give a message, --file PATH or --file - for standard input');
  return ok(file === '-' ? { type: 'input' } : { type: 'file', path: file });
};

export const addSend = (program: Command, invoke: (invocation: SendInvocation) => void, refuse: (failure: Failure) => void): void => {
  program
    .command('send')
    .summary('send a message of your own through the broker')
    .description(
      "Sends a message or a file to the user's exchange of the broker, under a routing key of your choice.\n" +
        'While jetpackd is away the message waits on disk and is sent when it is back.',
    )
    .argument('[message]', 'the text; after -- it may start with a dash')
    .option('-f, --file <path>', 'send what this file holds; - is standard input')
    .option('-r, --routing-key <key>', 'words joined by dots (required)')
    .addOption(new Option('--routing_key <key>').hideHelp())
    .action((message: string | undefined, options: SendOptions) => {
      const key = options.routingKey ?? options.routing_key;
      if (key === undefined) {
        refuse({ code: 'usage', message: "option '--routing-key <key>' is missing" });
        return;
      }
      const routingKey = checkUserRoutingKey(key);
      if (!routingKey.ok) {
        refuse(routingKey.error);
        return;
      }
      const body = bodyOf(message, options.file);
      if (body.ok) invoke({ command: 'send', routingKey: routingKey.value, body: body.value });
      else refuse(body.error);
    });
};

/** What a body is, judged by itself: a JSON object or array, other text, or bytes. */
const contentTypeOf = (body: Uint8Array): string => {
  if (!isUtf8(body) || body.includes(0)) return 'application/octet-stream';
  const json = parseJson(body);
  return json.ok && typeof json.value === 'object' && json.value !== null ? 'application/json' : 'text/plain';
};

/** Fails with `message_too_large`. */
export const sendRequest = ({ routingKey }: SendInvocation, body: Uint8Array, envelope: Envelope): Result<LocalRequestOf<'send'>> => {
  if (body.length > limits.userBody) return fail('message_too_large', `the message has more than ${limits.userBody} bytes, the most that is allowed`);
  return ok({ ...envelope, verb: 'send', routingKey, contentType: contentTypeOf(body), bodyBase64: Buffer.from(body).toString('base64') });
};
