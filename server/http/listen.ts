// Listens with the API on an address of this machine.
import { isIPv6, type AddressInfo } from 'node:net';
import { systemCode } from '../../node/home/system-error.ts';
import { JetpackError } from '../../protocol/errors.ts';
import type { ListeningApi } from '../../actors/server/api.ts';
import { buildApp, type ApiSources } from './app.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** Of what it has bound; `address` is text for a listener of another kind. */
const urlOf = (bound: AddressInfo | string | null, { host, port }: ListenAddress): string => {
  const at = bound === null || typeof bound === 'string' ? { address: host, port } : bound;
  return `http://${isIPv6(at.address) ? `[${at.address}]` : at.address}:${at.port}`;
};

/** Crashes with `port_unavailable` when the address cannot be had. */
export const listenApi = async (
  address: ListenAddress,
  sources: ApiSources,
  onError: (error: unknown) => void,
): Promise<ListeningApi> => {
  const app = buildApp(sources, onError);
  try {
    await app.listen({ host: address.host, port: address.port });
    return { url: urlOf(app.server.address(), address), close: () => app.close() };
  } catch (error) {
    throw new JetpackError('port_unavailable', `the API cannot listen on ${address.host}:${address.port} (${systemCode(error)}): choose another --listen`, {
      cause: error,
    });
  }
};
