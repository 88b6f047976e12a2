// Other command lines that do about the same: read a fact, publish a message, put a value. Their servers run for a turn.
import type { BenchBroker } from '../broker.ts';
import type { Peer } from '../harness.ts';
import { onServer } from '../transport/server-process.ts';
import { medianMs, spawnMs, type Spawn } from './spawn.ts';

type Kind = 'read' | 'publish' | 'put';

const runs = 3;
const message = 'the scheduler is ready';

/** Half of the best of them is what the front may take. */
const aim = 0.5;

const onEtcd = (spawns: (endpoint: string) => { readonly before?: Spawn; readonly measured: Spawn }): Promise<number> =>
  onServer(
    'etcd',
    (port, folder) => ['--data-dir', `${folder}/data`, '--listen-client-urls', `http://127.0.0.1:${port}`, '--advertise-client-urls', `http://127.0.0.1:${port}`, '--listen-peer-urls', 'http://127.0.0.1:0'],
    async (port) => {
      const { before, measured } = spawns(`http://127.0.0.1:${port}`);
      if (before !== undefined) spawnMs(before);
      return medianMs(runs, measured);
    },
  );

const etcdctl = (endpoint: string, ...args: readonly string[]): Spawn => ({ command: 'etcdctl', args: ['--endpoints', endpoint, ...args], env: { ETCDCTL_API: '3' } });

const etcdNeeds = { command: 'etcd etcdctl', debianPackage: 'etcd-server etcd-client' };

const reading: readonly Peer[] = [
  { name: 'facter hostname', needs: { command: 'facter', debianPackage: 'facter' }, turn: async () => spawnMs({ command: 'facter', args: ['hostname'] }) },
  { name: 'ohai hostname', needs: { command: 'ohai', debianPackage: 'ohai' }, turn: async () => spawnMs({ command: 'ohai', args: ['hostname'] }) },
  { name: 'etcdctl get', needs: etcdNeeds, turn: () => onEtcd((endpoint) => ({ before: etcdctl(endpoint, 'put', 'k', 'v'), measured: etcdctl(endpoint, 'get', 'k') })) },
];

const putting: readonly Peer[] = [{ name: 'etcdctl put', needs: etcdNeeds, turn: () => onEtcd((endpoint) => ({ measured: etcdctl(endpoint, 'put', 'k', 'v') })) }];

/** After a last slash amqp-tools would look for a virtual host without a name. */
const withoutSlash = (url: string): string => url.replace(/\/$/, '');

const publishing = (broker: BenchBroker): readonly Peer[] => [
  {
    name: 'amqp-publish, persistent, unconfirmed',
    needs: { command: 'amqp-publish', debianPackage: 'amqp-tools' },
    turn: async () => medianMs(runs, { command: 'amqp-publish', args: ['--url', withoutSlash((await broker.plain()).url), '-r', 'bench', '-p', '-b', message] }),
  },
  {
    name: 'mosquitto_pub, QoS 1',
    needs: { command: 'mosquitto mosquitto_pub', debianPackage: 'mosquitto mosquitto-clients' },
    turn: () =>
      onServer(
        'mosquitto',
        (port) => ['-p', `${port}`],
        async (port) => medianMs(runs, { command: 'mosquitto_pub', args: ['-h', '127.0.0.1', '-p', `${port}`, '-q', '1', '-t', 'bench', '-m', message] }),
      ),
  },
  {
    name: 'serf event',
    needs: { command: 'serf', debianPackage: 'serf' },
    turn: () =>
      onServer(
        'serf',
        (port) => ['agent', '-bind', '127.0.0.1:0', '-rpc-addr', `127.0.0.1:${port}`],
        async (port) => medianMs(runs, { command: 'serf', args: ['event', '-rpc-addr', `127.0.0.1:${port}`, 'bench', message] }),
      ),
  },
];

export const peersOf = (kind: Kind, broker: BenchBroker): ReadonlyArray<Peer & { readonly aim: number }> => {
  const peers = kind === 'read' ? reading : kind === 'put' ? putting : publishing(broker);
  return peers.map((peer) => ({ ...peer, aim }));
};
