// The broker's URLs, taken apart once: what is shown to people never holds credentials.
import type { Options } from 'amqplib';
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface BrokerAddress {
  readonly connect: Options.Connect;
  /** `amqp://host:port/vhost`. */
  readonly shown: string;
  /** Whom the broker will know us as, and who stands in every message as its publisher. */
  readonly user: string;
  /** The URL names a user and no password: who has a client certificate shows that instead. */
  readonly passwordless: boolean;
  /** Credentials and messages leave this machine and can be read on the way. */
  readonly inClear: boolean;
}

const form = 'amqp://user:password@host:port/vhost or amqps://...';

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

const isLoopback = (hostname: string): boolean => hostname === 'localhost' || hostname === '::1' || hostname.startsWith('127.');

/** Fails with `config_invalid`; the line never repeats the URL, which may hold a password. */
export const parseBrokerUrl = (url: string): Result<BrokerAddress> => {
  const parts = URL.parse(url);
  const protocol = parts?.protocol.slice(0, -1);
  if (parts === null || parts.hostname === '' || (protocol !== 'amqp' && protocol !== 'amqps')) {
    return fail('config_invalid', `the URL of the broker is unusable: give ${form}`);
  }
  // A password that begins with digits and goes on with `/` would be taken for a port and a virtual host, and shown.
  if (parts.hash !== '' || parts.search !== '' || parts.pathname.includes('@')) {
    return fail('config_invalid', 'the URL of the broker goes on after its virtual host: write @ / # and ? in a name or password as %40 %2F %23 and %3F');
  }
  const username = decode(parts.username === '' ? 'guest' : parts.username);
  const password = decode(parts.username === '' ? 'guest' : parts.password);
  if (username === undefined || password === undefined || decode(parts.pathname) === undefined) {
    return fail('config_invalid', 'the URL of the broker holds a % that begins no escape: write it as %25');
  }
  const hostname = parts.hostname.replace(/^\[|\]$/g, '');
  const connect: Options.Connect = {
    protocol,
    hostname,
    port: parts.port === '' ? (protocol === 'amqp' ? 5672 : 5671) : Number(parts.port),
    username,
    password,
    // Still escaped, for amqplib unescapes it; empty is its word for the default virtual host, `/`.
    vhost: parts.pathname.slice(1),
  };
  return ok({
    connect,
    shown: `${protocol}://${parts.host}${parts.pathname === '' ? '/' : parts.pathname}`,
    user: username,
    passwordless: parts.username !== '' && parts.password === '',
    inClear: protocol === 'amqp' && !isLoopback(hostname),
  });
};

/** All of them, or the first that is unusable. */
export const parseBrokerUrls = (urls: readonly string[]): Result<readonly BrokerAddress[]> => {
  if (urls.length === 0) return fail('config_invalid', `no URL of a broker is given: give ${form}`);
  const addresses: BrokerAddress[] = [];
  for (const url of urls) {
    const address = parseBrokerUrl(url);
    if (!address.ok) return address;
    addresses.push(address.value);
  }
  return ok(addresses);
};
