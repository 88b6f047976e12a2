// jetpackd's options: the command line, then the environment, then config/connection.json in the home.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { helpText, parseFlags, shown, type Environment } from '../commands/flags.ts';
import { connectionFile } from '../protocol/connection.ts';
import { nodeAddress, type NodeAddress } from '../protocol/identity.ts';
import { firstIssue, parseJson } from '../protocol/json.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { parseBrokerUrl } from '../transport/amqp/address.ts';
import { resolveHome } from './home/paths.ts';
import { systemCode } from './home/system-error.ts';

const table = {
  home: { value: 'DIR', env: 'JETPACK_HOME', help: "the node's home, else CYCLECLOUD_HOME, else /opt/cycle/jetpack" },
  cluster: { value: 'NAME', env: 'JETPACK_CLUSTER', help: 'the cluster this node belongs to, else from config/connection.json' },
  node: { value: 'NAME', env: 'JETPACK_NODE', help: "the node's name in it, else the host's name" },
  instance: { value: 'ID', env: 'JETPACK_INSTANCE', help: "the machine's identity, else its DMI product UUID or machine id" },
  amqp: { value: 'URL', env: 'JETPACK_AMQP_URL', help: 'the broker, else from config/connection.json' },
  prefix: { value: 'WORD', env: 'JETPACK_PREFIX', help: 'prefix of every name on the broker, else jetpack' },
} as const;

export const jetpackdHelp = helpText('jetpackd', 'The agent on every node: keeps it in step with its cycle-server.', table);

export interface NodeOptions {
  readonly home: string;
  readonly address: NodeAddress;
  readonly instanceId: string;
  /** May hold a password: never logged, never passed on in arguments. */
  readonly brokerUrl: string;
  readonly prefix: string;
}

/** The first of these files that can be read, trimmed. */
const firstOf = (files: readonly string[]): string | undefined => {
  for (const file of files) {
    try {
      const text = readFileSync(file, 'utf8').trim();
      if (text !== '') return text;
    } catch {
      // Readable only by root, or absent on this kind of machine: the next one serves.
    }
  }
  return undefined;
};

/** What identifies this machine over renames and reboots, and differs in a clone of its disk where the cloud sees to it. */
const machineId = (): string => firstOf(['/sys/class/dmi/id/product_uuid', '/etc/machine-id']) ?? os.hostname();

interface Connection {
  readonly cluster?: string | undefined;
  readonly url?: string | undefined;
}

/** What config/connection.json says; nothing when there is none. Fails with `config_invalid`, and repeats nothing of it. */
const readConnection = (home: string): Result<Connection> => {
  const file = path.join(home, 'config', 'connection.json');
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' ? ok({}) : fail('config_invalid', `${file} cannot be read (${code})`);
  }
  const json = parseJson(bytes);
  if (!json.ok) return fail('config_invalid', `${file} ${json.error}`);
  const parsed = connectionFile.safeParse(json.value);
  if (!parsed.success) return fail('config_invalid', `${file} is wrong at ${firstIssue(parsed.error)}`);
  const broker = parsed.data.url === undefined ? ok(undefined) : parseBrokerUrl(parsed.data.url);
  return broker.ok ? ok(parsed.data) : fail('config_invalid', `${file} is wrong at url: ${broker.error.message}`);
};

/** The URL, if it is a broker's. The line never repeats it: it may hold a password. */
export const checkBrokerUrl = (program: string, url: string): Result<string> => {
  const parsed = parseBrokerUrl(url);
  return parsed.ok ? ok(url) : fail('usage', `${program}: --amqp: ${parsed.error.message}`);
};

export const checkPrefix = (program: string, prefix: string): Result<string> =>
  /^[A-Za-z0-9._-]{1,40}$/.test(prefix)
    ? ok(prefix)
    : fail('usage', `${program}: --prefix '${shown(prefix)}' is not one to forty letters, digits, dots, '-' or '_'`);

const checkInstance = (instance: string): Result<string> =>
  /^\P{Cc}{1,255}$/u.test(instance) ? ok(instance) : fail('usage', 'jetpackd: --instance is not 1 to 255 characters without control characters');

export const parseNodeOptions = (argv: readonly string[], env: Environment): Result<NodeOptions | 'help'> => {
  const flags = parseFlags('jetpackd', table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  const home = resolveHome(flags.value.home, env);
  const connection = readConnection(home);
  if (!connection.ok) return connection;
  const cluster = flags.value.cluster ?? connection.value.cluster;
  if (cluster === undefined) return fail('usage', 'jetpackd: the cluster is not known: give --cluster NAME or config/connection.json');
  const address = nodeAddress.safeParse({ cluster, node: flags.value.node ?? os.hostname() });
  if (!address.success) return fail('usage', `jetpackd: --${firstIssue(address.error)}`);
  const url = flags.value.amqp ?? connection.value.url;
  if (url === undefined) return fail('usage', 'jetpackd: the broker is not known: give --amqp URL or config/connection.json');
  const brokerUrl = checkBrokerUrl('jetpackd', url);
  if (!brokerUrl.ok) return brokerUrl;
  const prefix = checkPrefix('jetpackd', flags.value.prefix ?? 'jetpack');
  if (!prefix.ok) return prefix;
  const instanceId = checkInstance(flags.value.instance ?? machineId());
  if (!instanceId.ok) return instanceId;
  return ok({ home, address: address.data, instanceId: instanceId.value, brokerUrl: brokerUrl.value, prefix: prefix.value });
};
