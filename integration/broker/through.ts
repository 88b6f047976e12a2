import type { TcpProxy } from './tcp-proxy.ts';

/** The same URL, by way of this wire. */
export const through = (url: string, { port }: Pick<TcpProxy, 'port'>): string => {
  const parts = new URL(url);
  parts.host = `127.0.0.1:${port}`;
  return parts.href;
};
