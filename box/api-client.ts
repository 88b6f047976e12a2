// Reads the server's HTTP API, as any dashboard would.
import type { StoredEvent } from '../actors/server/ports.ts';
import type { NodeView } from '../actors/server/roster.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { ConnectionState } from '../transport/port.ts';
import { reasonOf } from '../transport/reason.ts';

/** What rejects does so when the server does not answer. */
export interface ApiClient {
  nodes(): Promise<readonly NodeView[]>;
  /** Events after a position, and the position to go on from. */
  eventsAfter(position: number): Promise<{ readonly events: readonly StoredEvent[]; readonly next: number }>;
  /** The position of the newest event; `timeout` when the server does not answer. */
  newest(): Promise<Result<number>>;
  /** How the server stands with the broker. */
  broker(): Promise<ConnectionState>;
}

const timeoutMs = 2_000;

export const apiClient = (base: string): ApiClient => {
  const get = async (path: string, accepted: readonly number[] = [200]): Promise<unknown> => {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(timeoutMs) });
    if (!accepted.includes(response.status)) throw new Error(`GET ${path}: ${response.status} ${response.statusText}`);
    return response.json();
  };
  // The answers come from the server that this program started, so their shape is taken as the API documents it.
  return {
    nodes: async () => ((await get('/api/nodes')) as { nodes: readonly NodeView[] }).nodes,
    eventsAfter: async (position) =>
      (await get(`/api/events?after=${position}&limit=1000`)) as { events: readonly StoredEvent[]; next: number },
    newest: () =>
      get('/api/events?limit=1').then(
        (answer) => ok((answer as { next: number }).next),
        (error: unknown) => fail('timeout', `the server's API does not answer: ${reasonOf(error)}`),
      ),
    broker: async () => ((await get('/healthz', [200, 503])) as { broker: ConnectionState }).broker,
  };
};
