// Users, permissions and policies of the broker, as its management API changes them. Everything may be done twice, and ends in the same.
//
// Granting: the user with its password, then its permissions; a user that has none yet may do nothing, so none is ever too mighty.
// Revoking: the user first, after which it cannot come back, then the node's queue with what no other may read, then its connections, which
// end with the user on any RabbitMQ of today and are asked to once more, then all else that its permissions let it leave behind
// (transport/permissions.ts): an exchange of its queue's name, and bindings of what all share to its own commands.
import type { BrokerAdmin } from '../../actors/server/enrolment-ports.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { permissionsFor, strayBindings } from '../../transport/permissions.ts';
import { policiesFor } from '../../transport/policies.ts';
import { nodeQueue, nodeUser } from '../../transport/topology.ts';
import type { ManagementClient, Path } from './management-client.ts';

interface Scope {
  /** Of `--management`. */
  readonly user: string;
  readonly vhost: string;
  readonly prefix: string;
}

/** In order, until one fails or is not to be begun any more. */
const inTurn = async (stop: AbortSignal, steps: ReadonlyArray<() => Promise<Result<void>>>): Promise<Result<void>> => {
  for (const step of steps) {
    if (stop.aborted) return fail('management_failed', 'this server is ending');
    const result = await step();
    if (!result.ok) return result;
  }
  return ok(undefined);
};

/** The virtual host of a broker's URL. */
export const vhostOf = (url: string): string => {
  const escaped = new URL(url).pathname.slice(1);
  return escaped === '' ? '/' : decodeURIComponent(escaped);
};

const memberOf = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined);

/** None when it is no text. */
const textsOf = (value: unknown, name: string): readonly string[] => {
  const text = memberOf(value, name);
  return typeof text === 'string' ? [text] : [];
};

export const brokerAdmin = (client: ManagementClient, { prefix, user: administrator, vhost }: Scope): BrokerAdmin => {
  /** Those that a user of this name has. */
  const closeConnections = async (user: string, stop: AbortSignal): Promise<Result<void>> => {
    const listed = await client.list(['connections', 'username', user]);
    if (!listed.ok) return listed;
    const names = listed.value.flatMap((connection) => textsOf(connection, 'name'));
    return inTurn(stop, names.map((name) => () => client.delete(['connections', name])));
  };

  /** Those by which a node may have what is said to it go elsewhere as well. */
  const deleteBindings = async (node: NodeAddress, stop: AbortSignal): Promise<Result<void>> => {
    const { exchange, keys, to } = strayBindings(prefix, node);
    for (const name of to) {
      const between: Path = ['bindings', vhost, 'e', exchange, 'e', name];
      const listed = await client.list(between);
      if (!listed.ok) return listed;
      const stray = listed.value.filter((binding) => keys.some((key) => key === memberOf(binding, 'routing_key')));
      const deleted = await inTurn(stop, stray.flatMap((binding) => textsOf(binding, 'properties_key')).map((which) => () => client.delete([...between, which])));
      if (!deleted.ok) return deleted;
    }
    return ok(undefined);
  };

  return {
    grant(node: NodeAddress, password, stop) {
      const user = nodeUser(prefix, node);
      const { topics, ...permissions } = permissionsFor(prefix, node);
      const limited = topics.map((topic) => () => client.put(['topic-permissions', vhost, user], { ...topic }));
      // What a topic permission leaves out is allowed, so those come before the others.
      return inTurn(stop, [() => client.put(['users', user], { password, tags: '' }), ...limited, () => client.put(['permissions', vhost, user], permissions)]);
    },
    revoke(node: NodeAddress, stop) {
      const user = nodeUser(prefix, node);
      const queue = nodeQueue(prefix, node);
      const deleteQueue = () => client.delete(['queues', vhost, queue]);
      // The queue does not wait for a long list; and who was connected may have declared it once more.
      return inTurn(stop, [
        () => client.delete(['users', user]),
        deleteQueue,
        () => closeConnections(user, stop),
        deleteQueue,
        () => client.delete(['exchanges', vhost, queue]),
        () => deleteBindings(node, stop),
      ]);
    },
    async applyPolicies(stop) {
      const overview = await client.get(['overview']);
      if (!overview.ok) return overview;
      const permitted = await client.get(['users', administrator, 'permissions']);
      if (!permitted.ok) return permitted;
      // Without them it may make users, and not take away what a node leaves: a revocation would never be finished.
      if (!(Array.isArray(permitted.value) && permitted.value.some((one: unknown) => memberOf(one, 'vhost') === vhost))) {
        return fail('management_failed', `the user '${administrator}' of --management has no permissions in the virtual host '${vhost}': rabbitmqctl set_permissions -p '${vhost}' '${administrator}' '.*' '.*' '.*'`);
      }
      const version = memberOf(overview.value, 'rabbitmq_version');
      const policies = policiesFor(prefix, typeof version === 'string' ? version : '3.10.0');
      return inTurn(
        stop,
        policies.map(
          ({ applyTo, definition, name, pattern, priority }) =>
            () =>
              client.put(['policies', vhost, name], { pattern, definition, priority, 'apply-to': applyTo }),
        ),
      );
    },
  };
};
