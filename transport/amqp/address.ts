// The broker's URL, taken apart once: what is shown to people never holds its credentials.
import type { Options } from 'amqplib';
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface BrokerAddress {
  readonly connect: Options.Connect;
  /** `amqp://host:port/vhost`. */
  readonly shown: string;
}

const form = 'amqp://user:password@host:port/vhost or amqps://...';

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** Fails with `config_invalid`; the line never repeats the URL, which may hold a password. */
export const parseBrokerUrl = (url: string): Result<BrokerAddress> => {
  const parts = URL.parse(url);
  const protocol = parts?.protocol.slice(0, -1);
  if (parts === null || parts.hostname === '' || (protocol !== 'amqp' && protocol !== 'amqps')) {
    return fail('config_invalid', `the URL of the broker is unusable: give ${form}`);
  }
  const username = decode(parts.username === '' ? 'guest' : parts.username);
  const password = decode(parts.username === '' ? 'guest' : parts.password);
  if (username === undefined || password === undefined || decode(parts.pathname) === undefined) {
    return fail('config_invalid', 'the URL of the broker holds a % that begins no escape: write it as %25');
  }
  const connect: Options.Connect = {
    protocol,
    hostname: parts.hostname.replace(/^\[|\]$/g, ''),
    port: parts.port === '' ? (protocol === 'amqp' ? 5672 : 5671) : Number(parts.port),
    username,
    password,
    // Still escaped, for amqplib unescapes it; empty is its word for the default virtual host, `/`.
    vhost: parts.pathname.slice(1),
  };
  return ok({ connect, shown: `${protocol}://${parts.host}${parts.pathname === '' ? '/' : parts.pathname}` });
};
