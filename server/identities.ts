// Who may take part, as the options of cycle-server say.
import { brokerAdmin, vhostOf } from './broker-admin/broker-admin.ts';
import { ManagementClient } from './broker-admin/management-client.ts';
import type { ServerIdentities } from './daemon.ts';
import type { ServerOptions } from './options.ts';

export const serverIdentities = ({ broker, brokerForNodes, identities, management, prefix }: ServerOptions): ServerIdentities => {
  const ca = broker.tls?.ca;
  const [url = ''] = broker.urls;
  return {
    required: identities === 'required',
    admin: management === undefined ? undefined : brokerAdmin(new ManagementClient(management, { ca }), { prefix, vhost: vhostOf(url), user: management.user }),
    // Whose certificates the broker's are from, nodes need to know as well.
    brokerForNodes: { urls: brokerForNodes, ...(ca === undefined ? {} : { ca }) },
  };
};
