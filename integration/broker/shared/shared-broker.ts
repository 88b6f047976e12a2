// A virtual host of one's own on a broker that other suites use at the same time, with a user who is administrator there. What
// a suite adds to the broker besides (users, other virtual hosts) it adds here, so that it goes with it.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { certificatesIn, type Certificates } from '../certificates.ts';
import { brokerUrlOf, type BrokerName, type TestBroker, type UrlOptions } from '../test-broker.ts';
import { socketVariable, type PoolAnswer, type SharedAddress } from './answer.ts';
import { Management, type Permissions } from './management.ts';

const everything: Permissions = { configure: '.*', write: '.*', read: '.*' };

/** Starts that kind unless it serves already. Rejects with why it cannot be started. */
const addressOf = async (name: BrokerName, pool: string): Promise<SharedAddress> => {
  const socket = connect(pool);
  socket.end(name);
  // The pool's own answer.
  const answer = JSON.parse(await text(socket)) as PoolAnswer;
  if ('problem' in answer) throw new Error(`no broker '${name}' to share: ${answer.problem}`);
  return answer.address;
};

export class SharedBroker implements TestBroker {
  readonly name: string;
  readonly version: string;
  readonly user: string;
  readonly password: string;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly managementUrl: string | undefined;
  readonly vhost: string;
  /** With the rights of the whole broker's administrator. */
  readonly management: Management;
  readonly certificates: Certificates;
  readonly #users: string[] = [];
  readonly #vhosts: string[] = [];

  private constructor(address: SharedAddress, certificates: Certificates) {
    const own = randomBytes(6).toString('hex');
    this.user = `suite-${own}`;
    this.password = randomBytes(16).toString('hex');
    this.vhost = `suite-${own}`;
    this.name = address.name;
    this.version = address.version;
    this.port = address.port;
    this.tlsPort = address.tlsPort;
    this.managementUrl = address.managementUrl;
    this.management = new Management(address, this.vhost);
    this.certificates = certificates;
  }

  static async borrow(name: BrokerName, pool = process.env[socketVariable]): Promise<SharedBroker> {
    if (pool === undefined) throw new Error(`${socketVariable} is not set: shared brokers are those of a jest run`);
    const address = await addressOf(name, pool);
    const broker = new SharedBroker(address, await certificatesIn(address.certificates));
    await broker.addVhost(broker.vhost);
    await broker.addUser(broker.user, broker.password, { tags: 'administrator' });
    return broker;
  }

  url(options?: UrlOptions): string {
    return brokerUrlOf(this, options, this.vhost);
  }

  /** May do everything in the virtual host unless `permissions` says otherwise. */
  async addUser(user: string, password: string, { permissions = everything, tags = '' }: { readonly permissions?: Permissions; readonly tags?: string } = {}): Promise<void> {
    this.#users.push(user);
    await this.management.addUser(user, password, tags);
    await this.management.setPermissions(user, permissions);
  }

  /** One that no user of the suite may use. */
  async addVhost(vhost: string): Promise<void> {
    this.#vhosts.push(vhost);
    await this.management.addVhost(vhost);
  }

  /** Takes its virtual hosts and users away; the broker serves on. */
  async dispose(): Promise<void> {
    for (const vhost of this.#vhosts.splice(0)) await this.management.deleteVhost(vhost);
    for (const user of this.#users.splice(0)) await this.management.deleteUser(user);
  }
}
