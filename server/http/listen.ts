// Listens with the API on an address of this machine.
import { systemCode } from '../../node/home/system-error.ts';
import { JetpackError } from '../../protocol/errors.ts';
import type { ListeningApi } from '../../actors/server/api.ts';
import { buildApp, type ApiSources } from './app.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** Crashes with `port_unavailable` when the address cannot be had. */
export const listenApi = async (
  address: ListenAddress,
  sources: ApiSources,
  onError: (error: unknown) => void,
): Promise<ListeningApi> => {
  const app = buildApp(sources, onError);
  try {
    const url = await app.listen({ host: address.host, port: address.port });
    return { url, close: () => app.close() };
  } catch (error) {
    throw new JetpackError('port_unavailable', `the API cannot listen on ${address.host}:${address.port} (${systemCode(error)}): choose another --listen`, {
      cause: error,
    });
  }
};
