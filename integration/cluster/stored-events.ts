// What a server's store holds, read over its API: all of it anew, or on from where the last look ended. The store only grows, so who
// waits and looks often need not ask again for what it told before; who judges does.
import type { StoredEvent } from '../../actors/server/ports.ts';
import type { ApiClient } from '../../box/api-client.ts';

/** Messages of `jetpack log`, in order. */
export const logsOf = (events: readonly StoredEvent[]): readonly string[] => events.filter(({ kind }) => kind === 'log').map(({ message }) => message);

export class StoredEvents {
  readonly #api: () => ApiClient;
  readonly #seen: StoredEvent[] = [];
  #next = 0;
  #looking: Promise<unknown> = Promise.resolve();

  /** `api`: of the server that runs at that time. */
  constructor(api: () => ApiClient) {
    this.#api = api;
  }

  /** Everything, in order. */
  async all(): Promise<readonly StoredEvent[]> {
    return (await this.#after(0)).events;
  }

  /** The same, of which what was seen before is remembered. */
  async watched(): Promise<readonly StoredEvent[]> {
    const look = this.#looking.then(async () => {
      const { events, next } = await this.#after(this.#next);
      this.#seen.push(...events);
      this.#next = next;
    });
    // One look after another. One that failed, for the server was away, is the trouble of whoever looked.
    this.#looking = look.catch(() => undefined);
    await look;
    return [...this.#seen];
  }

  async #after(position: number): Promise<{ readonly events: readonly StoredEvent[]; readonly next: number }> {
    const api = this.#api();
    const all: StoredEvent[] = [];
    for (let next = position; ; ) {
      const page = await api.eventsAfter(next);
      if (page.events.length === 0) return { events: all, next };
      all.push(...page.events);
      next = page.next;
    }
  }
}
