// Whether the broker vouches for who a frame says it is from: only the node's own user may speak for it, and none once its identity was
// revoked. A refusal is counted each time, and logged once a sender and minute, for whoever forges may do so often; the senders that it
// remembers are bounded.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Delivery } from '../../transport/port.ts';

/** Who may speak for a node. */
export interface Identities {
  /** The node's user on the broker. */
  userOf(node: NodeAddress): string;
  isRevoked(node: NodeAddress): boolean;
}

export interface VouchingPorts {
  /** Undefined: whoever may publish with a node's routing key is believed to be that node. */
  readonly identities: Identities | undefined;
  readonly metrics: Pick<Metrics, 'identityRefused'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const mostSenders = 1_000;
const everyMs = 60_000;

export class Vouching {
  readonly #ports: VouchingPorts;
  /** When a refusal of each sender was logged, the oldest first. */
  readonly #loggedAt = new Map<string, number>();

  constructor(ports: VouchingPorts) {
    this.#ports = ports;
  }

  /** Fails with `identity_refused`, which has been logged where it is to be. */
  vouch(delivery: Pick<Delivery, 'queue' | 'userId'>, from: NodeAddress): Result<void> {
    const { identities } = this.#ports;
    if (identities === undefined) return ok(undefined);
    if (delivery.userId !== identities.userOf(from)) return this.#refuse(delivery, from, 'that is not its user');
    return identities.isRevoked(from) ? this.#refuse(delivery, from, 'its identity was revoked') : ok(undefined);
  }

  #refuse({ queue, userId }: Pick<Delivery, 'queue' | 'userId'>, { cluster, node }: NodeAddress, why: string): Result<never> {
    const { clock, logger, metrics } = this.#ports;
    metrics.identityRefused();
    const sender = userId ?? '';
    const before = this.#loggedAt.get(sender);
    if (before === undefined || clock.monotonic() - before >= everyMs) {
      this.#loggedAt.delete(sender);
      this.#loggedAt.set(sender, clock.monotonic());
      const [oldest] = this.#loggedAt.keys();
      if (this.#loggedAt.size > mostSenders && oldest !== undefined) this.#loggedAt.delete(oldest);
      const who = userId === undefined ? 'a publisher that names no user' : `the user ${JSON.stringify(userId)}`;
      logger.warn(`${who} is refused as ${cluster}/${node}: ${why} (told once a minute)`, { code: 'identity_refused', queue, cluster, node });
    }
    return fail('identity_refused', why);
  }
}
