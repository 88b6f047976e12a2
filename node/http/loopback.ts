// What leads nowhere but to this machine.
import { isIPv4 } from 'node:net';

/** IPv4 in IPv6, as a listener for both tells it. */
const mapped = '::ffff:';

export const isLoopbackAddress = (address: string | undefined): boolean => {
  if (address === undefined) return false;
  const plain = address.toLowerCase().startsWith(mapped) ? address.slice(mapped.length) : address;
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
};

/** The host of a URL or of an option: a name or an address, in brackets or without. */
export const isLoopbackHost = (host: string): boolean => host === 'localhost' || isLoopbackAddress(host.replaceAll(/[[\]]/g, ''));

/** Whether the page that a browser names in `Origin` is from this machine. */
export const isLocalPage = (origin: string): boolean => URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname);
