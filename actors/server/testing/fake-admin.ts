// A broker's administrator for tests: users in a map, calls that a test may hold or let fail.
import type { NodeAddress } from '../../../protocol/identity.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { BrokerAdmin } from '../enrolment-ports.ts';
import { nodeKey } from '../standings.ts';

export class FakeAdmin implements BrokerAdmin {
  /** Passwords by node. */
  readonly users = new Map<string, string>();
  /** Every call, in order of its beginning. */
  readonly calls: string[] = [];
  /** While true, calls do nothing and fail. */
  broken = false;
  /** While it is set, calls wait for it before they do anything. */
  held: Promise<void> | undefined;
  /** Whether whoever asked last wants no more of it. */
  stopped = false;
  underWay = 0;
  mostUnderWay = 0;

  grant(node: NodeAddress, password: string, stop: AbortSignal): Promise<Result<void>> {
    return this.#call(`grant ${node.node}`, stop, () => void this.users.set(nodeKey(node), password));
  }

  revoke(node: NodeAddress, stop: AbortSignal): Promise<Result<void>> {
    return this.#call(`revoke ${node.node}`, stop, () => void this.users.delete(nodeKey(node)));
  }

  applyPolicies(stop: AbortSignal): Promise<Result<void>> {
    return this.#call('policies', stop, () => undefined);
  }

  passwordOf(node: NodeAddress): string | undefined {
    return this.users.get(nodeKey(node));
  }

  async #call(name: string, stop: AbortSignal, deed: () => void): Promise<Result<void>> {
    this.calls.push(name);
    stop.addEventListener('abort', () => (this.stopped = true), { once: true });
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    await this.held;
    await Promise.resolve();
    this.underWay -= 1;
    if (this.broken) return fail('management_failed', 'the administrator is away');
    deed();
    return ok(undefined);
  }
}
