// Headers that a user gives a message of `jetpack send`: checked before anybody accepts it, for a broker that refuses one ends
// the channel, and the message would be tried for ever.
import { fail, ok, type Result } from './result.ts';

/** Many more than anybody needs, and fewer bytes than one frame of AMQP holds. */
const most = { headers: 64, bytes: 16_384, name: 128 } as const;

/** The trace, who sent it, and what RabbitMQ takes for more routing keys, which would have to be lists. */
const reserved = /^(?:traceparent|tracestate|jetpack-.*|cc|bcc|x-death)$/i;

const nameFlaw = (name: string): string | undefined => {
  if (name === '') return 'a header has no name';
  if (name.length > most.name || !/^[\w$#.-]+$/.test(name)) return `the name of a header is not of 1 to ${most.name} letters, digits and _ - . $ #`;
  return reserved.test(name) ? `the header ${name} is not yours to set` : undefined;
};

/** Fails with `request_invalid`. */
export const checkUserHeaders = (headers: Readonly<Record<string, string>>): Result<void> => {
  const entries = Object.entries(headers);
  if (entries.length > most.headers) return fail('request_invalid', `there are ${entries.length} headers: at most ${most.headers} are allowed`);
  let bytes = 0;
  for (const [name, value] of entries) {
    const flaw = nameFlaw(name);
    if (flaw !== undefined) return fail('request_invalid', flaw);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes <= most.bytes ? ok(undefined) : fail('request_invalid', `the headers have ${bytes} bytes: at most ${most.bytes} are allowed`);
};
