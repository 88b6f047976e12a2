// Reads the server's HTTP API, as any dashboard would.
import type { StoredEvent } from '../actors/server/ports.ts';
import type { NodeView } from '../actors/server/roster.ts';

export interface ApiClient {
  nodes(): Promise<readonly NodeView[]>;
  /** Events after a position, and the position to go on from. */
  eventsAfter(position: number): Promise<{ readonly events: readonly StoredEvent[]; readonly next: number }>;
}

const timeoutMs = 2_000;

export const apiClient = (base: string): ApiClient => {
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${response.statusText}`);
    return response.json();
  };
  // The answers come from the server that this program started, so their shape is taken as the API documents it.
  return {
    nodes: async () => ((await get('/api/nodes')) as { nodes: readonly NodeView[] }).nodes,
    eventsAfter: async (position) =>
      (await get(`/api/events?after=${position}&limit=1000`)) as { events: readonly StoredEvent[]; next: number },
  };
};
