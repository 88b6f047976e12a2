// jetpackd's options: the command line, then the environment, then config/connection.json in the home.
import os from 'node:os';
import { helpText, parseFlags, type Environment } from '../commands/flags.ts';
import { nodeAddress, type NodeAddress } from '../protocol/identity.ts';
import { firstIssue } from '../protocol/json.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { checkBrokerUrls, checkPrefix, readTls, tlsFlags, type BrokerOptions } from './broker-options.ts';
import { connectionPath, readConnection, type Connection } from './connection-file.ts';
import type { MetadataPlan } from './metadata/metadata.ts';
import { metadataFlag, parseMetadataPlan } from './metadata/plan.ts';
import { resolveHome } from '../commands/home.ts';

const table = {
  home: { value: 'DIR', env: 'JETPACK_HOME', help: "the node's home, else CYCLECLOUD_HOME, else /opt/cycle/jetpack" },
  cluster: { value: 'NAME', env: 'JETPACK_CLUSTER', help: 'the cluster this node belongs to, else from config/connection.json' },
  node: { value: 'NAME', env: 'JETPACK_NODE', help: "the node's name in it, else from config/connection.json, else the host's name" },
  instance: { value: 'ID', env: 'JETPACK_INSTANCE', help: "the machine's identity, else what its cloud calls it, else its DMI product UUID or machine id" },
  metadata: metadataFlag,
  amqp: { value: 'URL[,URL...]', env: 'JETPACK_AMQP_URL', help: 'the broker, at each of its addresses, else from config/connection.json' },
  ...tlsFlags,
  prefix: { value: 'WORD', env: 'JETPACK_PREFIX', help: 'prefix of every name on the broker, else jetpack' },
} as const;

export const jetpackdHelp = helpText(
  'jetpackd',
  'The agent on every node: keeps it in step with its cycle-server.',
  table,
  [
    'jetpackd --version        prints the version',
    'jetpackd enroll           gets this node an identity on the broker, with a token of `cycle-server enroll`',
  ],
);

export interface NodeOptions {
  readonly home: string;
  readonly address: NodeAddress;
  /** The machine's identity, where somebody gave one. */
  readonly instance: string | undefined;
  readonly metadata: MetadataPlan;
  /** connection.json, when the node's identity is from there. */
  readonly identityFile: string | undefined;
  readonly broker: BrokerOptions;
  /** The server's HTTP API, where connection.json names the broker and that with it. */
  readonly server: string | undefined;
  readonly prefix: string;
  /** What somebody should put right, one line each; it works all the same. */
  readonly warnings: readonly string[];
}

const checkInstance = (instance: string | undefined): Result<string | undefined> =>
  instance === undefined || /^\P{Cc}{1,255}$/u.test(instance) ? ok(instance) : fail('usage', 'jetpackd: --instance is not 1 to 255 characters without control characters');

type Found = Pick<NodeOptions, 'broker' | 'server' | 'warnings'>;

/** Where the broker is: the files of whoever names it, so that a certificate is never shown to a broker it was not meant for. */
const brokerOf = (flags: { readonly amqp?: string; readonly ca?: string; readonly cert?: string; readonly key?: string }, connection: Connection): Result<Found> => {
  const named = flags.amqp === undefined ? undefined : checkBrokerUrls('jetpackd', flags.amqp);
  if (named?.ok === false) return named;
  const urls = named?.value ?? connection.urls;
  if (urls === undefined) return fail('usage', 'jetpackd: the broker is not known: give --amqp URL, JETPACK_AMQP_URL or a broker in config/connection.json');
  const own = named === undefined ? connection : undefined;
  const tls = readTls('jetpackd', { ca: flags.ca ?? own?.ca, cert: flags.cert ?? own?.cert, key: flags.key ?? own?.key });
  if (!tls.ok) return tls;
  const { warnings, ...material } = tls.value;
  return ok({ broker: { urls, ...material }, server: own?.server, warnings: [...connection.warnings, ...warnings] });
};

export const parseNodeOptions = (argv: readonly string[], env: Environment): Result<NodeOptions | 'help'> => {
  const flags = parseFlags('jetpackd', table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  const home = resolveHome(flags.value.home, env);
  const connection = readConnection(home);
  if (!connection.ok) return connection;
  const cluster = flags.value.cluster ?? connection.value.cluster;
  if (cluster === undefined) return fail('usage', 'jetpackd: the cluster is not known: give --cluster NAME or config/connection.json');
  const address = nodeAddress.safeParse({ cluster, node: flags.value.node ?? connection.value.node ?? os.hostname() });
  if (!address.success) return fail('usage', `jetpackd: --${firstIssue(address.error)}`);
  const found = brokerOf(flags.value, connection.value);
  if (!found.ok) return found;
  const prefix = checkPrefix('jetpackd', flags.value.prefix ?? connection.value.prefix ?? 'jetpack');
  if (!prefix.ok) return prefix;
  const instance = checkInstance(flags.value.instance);
  if (!instance.ok) return instance;
  const metadata = parseMetadataPlan('jetpackd', flags.value.metadata ?? 'auto');
  if (!metadata.ok) return metadata;
  const isFromFile = connection.value.node !== undefined && (flags.value.node === undefined || flags.value.amqp === undefined);
  const identityFile = isFromFile ? connectionPath(home) : undefined;
  return ok({ home, address: address.data, instance: instance.value, metadata: metadata.value, identityFile, prefix: prefix.value, ...found.value });
};
