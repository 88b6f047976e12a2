// What an operator does at a broker, over its management API: a request takes milliseconds, where rabbitmqctl takes seconds.

export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface PolicyDetails {
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly priority: number;
  readonly definition: object;
}

/** Columns of the API's own rows, whose names are its own. */
export interface QueueRow {
  readonly name: string;
  readonly policy?: string | null;
  /** Ready ones and those out unsettled. */
  readonly messages?: number;
}

export interface ConnectionRow {
  readonly name: string;
  readonly user: string;
  readonly ssl: boolean;
  readonly auth_mechanism: string;
}

export type DefinitionRow = Readonly<Record<string, unknown>>;

/** What is declared in a virtual host, as it would carry it to another. */
export interface Definitions {
  readonly exchanges: readonly DefinitionRow[];
  readonly queues: readonly DefinitionRow[];
  readonly bindings: readonly DefinitionRow[];
}

export interface Access {
  readonly managementUrl: string | undefined;
  readonly user: string;
  readonly password: string;
}

/** The answer to deleting what is not there. */
const gone = Symbol('gone');

export class Management {
  readonly #access: Access;
  readonly #vhost: string;

  /** `vhost`: of all that belongs to one. */
  constructor(access: Access, vhost: string) {
    this.#access = access;
    this.#vhost = vhost;
  }

  /** What was there by that name is overwritten. `tags`: "administrator", or none. */
  async addUser(user: string, password: string, tags = ''): Promise<void> {
    await this.#send('PUT', ['users', user], { password, tags });
  }

  async deleteUser(user: string): Promise<void> {
    await this.#send('DELETE', ['users', user]);
  }

  /** The names of all users of the broker. */
  async users(): Promise<readonly string[]> {
    const rows = await this.#rows<{ readonly name: string }>(['users']);
    return rows.map(({ name }) => name);
  }

  async addVhost(vhost: string): Promise<void> {
    await this.#send('PUT', ['vhosts', vhost], {});
  }

  /** With everything in it. Connections to it are closed. */
  async deleteVhost(vhost: string): Promise<void> {
    await this.#send('DELETE', ['vhosts', vhost]);
  }

  async setPermissions(user: string, permissions: Permissions): Promise<void> {
    await this.#send('PUT', ['permissions', this.#vhost, user], permissions);
  }

  async setTopicPermissions(user: string, exchange: string, permissions: Pick<Permissions, 'read' | 'write'>): Promise<void> {
    await this.#send('PUT', ['topic-permissions', this.#vhost, user], { exchange, ...permissions });
  }

  async setPolicy(name: string, details: PolicyDetails): Promise<void> {
    await this.#send('PUT', ['policies', this.#vhost, name], details);
  }

  async definitions(): Promise<Definitions> {
    // The broker's own answer, of a request that succeeded.
    return (await this.#send('GET', ['definitions', this.#vhost])) as Definitions;
  }

  queues(): Promise<readonly QueueRow[]> {
    return this.#rows(['queues', this.#vhost]);
  }

  /** Those of the virtual host. One that was opened or closed a moment ago may not show yet. */
  connections(): Promise<readonly ConnectionRow[]> {
    return this.#rows(['vhosts', this.#vhost, 'connections']);
  }

  /** Closes every connection of the virtual host that there is, and resolves with how many that were: one that is gone already is none. */
  async closeConnections(reason: string): Promise<number> {
    let closed = 0;
    for (const { name } of await this.connections()) {
      if ((await this.#send('DELETE', ['connections', name], undefined, { 'x-reason': reason })) !== gone) closed += 1;
    }
    return closed;
  }

  async #rows<Row>(path: readonly string[]): Promise<readonly Row[]> {
    // The broker's own answer, of a request that succeeded.
    return (await this.#send('GET', path)) as readonly Row[];
  }

  /** Rejects with what the broker answered. What is not there counts as deleted. */
  async #send(method: 'GET' | 'PUT' | 'DELETE', path: readonly string[], body?: object, more: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { managementUrl, password, user } = this.#access;
    if (managementUrl === undefined) throw new Error('this broker was started without its management API');
    const at = `/api/${path.map(encodeURIComponent).join('/')}`;
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json', ...more };
    const response = await fetch(new URL(at, managementUrl), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : JSON.parse(text);
    if (method === 'DELETE' && response.status === 404) return gone;
    throw new Error(`the management API answers ${method} ${at} with ${response.status}: ${text}`);
  }
}
