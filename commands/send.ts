// `jetpack send`: a message of the user's own, to the user's exchange (reference, section 5.6). The original's spelling of
// its options is not known; these follow its words "string or file + routing key" and the attribute `routing_key` of the
// Chef resource, which is understood too.
import { isUtf8 } from 'node:buffer';
import { Option } from 'commander';
import { parseJson } from '../protocol/json.ts';
import { limits } from '../protocol/limits.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { checkUserRoutingKey } from '../protocol/routing.ts';
import { checkUserHeaders } from '../protocol/user-headers.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { deliver } from './deliver.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import type { Host } from './host.ts';

export interface SendInvocation {
  readonly command: 'send';
  readonly routingKey: string;
  /** Absent: judged by the body. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly exchange?: string;
  /** Absent: the broker keeps the message over its own restart. */
  readonly persistent?: false;
  readonly body: { readonly type: 'text'; readonly text: string } | { readonly type: 'file'; readonly path: string } | { readonly type: 'input' };
}

interface SendOptions {
  readonly file?: string;
  readonly routingKey?: string;
  readonly routing_key?: string;
  readonly header?: readonly string[];
  readonly contentType?: string;
  readonly exchange?: string;
  readonly persistent?: boolean;
}

const bodyOf = (message: string | undefined, file: string | undefined): Result<SendInvocation['body']> => {
  if (message !== undefined && file !== undefined) return fail('usage', 'give a message or --file, not both');
  if (message !== undefined) return ok({ type: 'text', text: message });
  if (file === undefined) return fail('usage', 'nothing to send: give a message, --file PATH or --file - for standard input');
  if (file === '') return fail('usage', "option '-f, --file <path>' is empty");
  return ok(file === '-' ? { type: 'input' } : { type: 'file', path: file });
};

const longestName = 255;

/** A name of AMQP's: as much of it is refused that its broker would refuse. */
const nameRefusal = (option: string, text: string): Result<string> =>
  text === '' || Buffer.byteLength(text) > longestName || /\p{Cc}/u.test(text) ? fail('usage', `option '${option}' is not a name of 1 to ${longestName} bytes`) : ok(text);

/** Of options that are given as NAME=VALUE; of a name that comes twice the last one counts. */
const headersOf = (given: readonly string[]): Result<Readonly<Record<string, string>>> => {
  const nameless = given.find((text) => text.indexOf('=') < 1);
  if (nameless !== undefined) return fail('usage', "option '-H, --header <name=value>' has no name and value, as in -H unit=7");
  const headers = Object.fromEntries(given.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
  const checked = checkUserHeaders(headers);
  return checked.ok ? ok(headers) : fail('usage', checked.error.message);
};

type Properties = Pick<SendInvocation, 'contentType' | 'exchange' | 'headers' | 'persistent'>;

const propertiesOf = ({ contentType, exchange, header = [], persistent }: SendOptions): Result<Properties> => {
  const headers = headersOf(header);
  if (!headers.ok) return headers;
  const type = contentType === undefined ? ok(undefined) : nameRefusal('--content-type <type>', contentType);
  if (!type.ok) return type;
  const to = exchange === undefined ? ok(undefined) : nameRefusal('--exchange <name>', exchange);
  if (!to.ok) return to;
  return ok({
    ...(type.value !== undefined && { contentType: type.value }),
    ...(to.value !== undefined && { exchange: to.value }),
    ...(header.length > 0 && { headers: headers.value }),
    ...(persistent === false && { persistent }),
  });
};

const add: CommandDefinition<SendInvocation>['add'] = (program, invoke, refuse) => {
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
    .addOption(
      new Option('-H, --header <name=value>', 'a header of the message; may be given again for another one').argParser(
        (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
      ),
    )
    .option('--content-type <type>', 'what the message is (default: JSON, text or bytes, as it looks)')
    .option('--exchange <name>', "the user's exchange by its name, or user: no other is open to a node")
    .option('--persistent', 'the broker keeps the message over its own restart (default)')
    .option('--no-persistent', 'it need not')
    .addHelpText('after', examples("jetpack send 'job 4711 has ended' --routing-key jobs.ended", 'jetpack send --file service.json -r service.grid -H cell=default'))
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
      const properties = propertiesOf(options);
      if (!properties.ok) {
        refuse(properties.error);
        return;
      }
      const body = bodyOf(message, options.file);
      if (body.ok) invoke({ command: 'send', routingKey: routingKey.value, ...properties.value, body: body.value });
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
export const sendRequest = ({ contentType, exchange, headers, persistent, routingKey }: SendInvocation, body: Uint8Array, envelope: Envelope): Result<LocalRequestOf<'send'>> => {
  if (body.length > limits.userBody) return fail('message_too_large', `the message has more than ${limits.userBody} bytes, the most that is allowed`);
  return ok({
    ...envelope,
    verb: 'send',
    routingKey,
    contentType: contentType ?? contentTypeOf(body),
    bodyBase64: Buffer.from(body).toString('base64'),
    ...(exchange !== undefined && { exchange }),
    ...(headers !== undefined && { headers: { ...headers } }),
    ...(persistent !== undefined && { persistent }),
  });
};

const readBody = async ({ body }: SendInvocation, host: Host): Promise<Result<Uint8Array>> => {
  switch (body.type) {
    case 'text':
      return ok(Buffer.from(body.text));
    case 'file':
      return host.readFile(body.path, limits.userBody);
    case 'input':
      return host.readInput(limits.userBody);
  }
};

export const send = loaded<SendInvocation>({
  add,
  async perform(invocation, run) {
    const body = await readBody(invocation, run.host);
    return body.ok ? deliver(sendRequest(invocation, body.value, run.envelope), run) : body;
  },
});
