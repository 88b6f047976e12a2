// cycle-server's options: the command line, then the environment.
import os from 'node:os';
import path from 'node:path';
import { helpText, parseFlags, shown, type Environment } from '../commands/flags.ts';
import { checkBrokerUrls, checkPrefix, readTls, tlsFlags, type BrokerOptions } from '../node/broker-options.ts';
import { isLoopbackHost } from '../node/http/loopback.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { parseManagementUrl, type ManagementAddress } from './broker-admin/address.ts';
import type { ListenAddress } from './http/listen.ts';

const table = {
  home: { value: 'DIR', env: 'CYCLE_SERVER_HOME', help: "the server's home, with the templates of clusters in clusters/, else /opt/cycle_server" },
  amqp: { value: 'URL[,URL...]', env: 'JETPACK_AMQP_URL', help: 'the broker, at each of its addresses' },
  ...tlsFlags,
  prefix: { value: 'WORD', env: 'JETPACK_PREFIX', help: 'prefix of every name on the broker, else jetpack' },
  listen: { value: 'HOST:PORT', env: 'CYCLE_SERVER_LISTEN', help: 'address of the HTTP API, else 127.0.0.1:8080' },
  management: { value: 'URL', env: 'CYCLE_SERVER_MANAGEMENT_URL', help: "the broker's management API with an administrator's name and password: makes a user for every node" },
  identities: { value: 'required|off', env: 'CYCLE_SERVER_IDENTITIES', help: 'whether a node must be who its user on the broker says, else required when there is --management' },
  'amqp-for-nodes': { value: 'URL[,URL...]', env: 'CYCLE_SERVER_AMQP_FOR_NODES', help: 'the broker as nodes that enroll reach it, else as this server does' },
} as const;

export const cycleServerHelp = helpText('cycle-server', 'What the nodes of a cluster report to: roster, event log, HTTP API.', table, [
  'cycle-server --version   prints the version',
  'cycle-server enroll      makes a token with which a node gets an identity, once',
  'cycle-server revoke      takes the identity of a node away',
  'cycle-server identities  lists identities and tokens',
]);

export interface ServerOptions {
  readonly home: string;
  readonly name: string;
  readonly broker: BrokerOptions;
  readonly prefix: string;
  readonly listen: ListenAddress;
  readonly management: ManagementAddress | undefined;
  readonly identities: 'required' | 'off';
  /** The addresses that nodes are told, without name and password. */
  readonly brokerForNodes: readonly string[];
  /** What somebody should put right, one line each; it works all the same. */
  readonly warnings: readonly string[];
}

const parseListen = (text: string): Result<ListenAddress> => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s/[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return fail('usage', `cycle-server: --listen '${shown(text)}' is not HOST:PORT, such as 127.0.0.1:8080`);
  return ok({ host, port });
};

/** The same address without a name and password: a node gets its own. */
const withoutCredentials = (url: string): string => {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare.href;
};

const parseIdentities = (text: string): Result<'required' | 'off'> =>
  text === 'required' || text === 'off' ? ok(text) : fail('usage', `cycle-server: --identities '${shown(text)}' is neither required nor off`);

interface Reached {
  readonly management: ManagementAddress | undefined;
  readonly listen: ListenAddress;
  /** Of the broker, as nodes are told when nobody says otherwise. */
  readonly urls: readonly string[];
  readonly saysOtherwise: boolean;
}

const reachWarnings = ({ listen, management, saysOtherwise, urls }: Reached): readonly string[] => {
  if (management === undefined) return [];
  const { hostname, protocol } = new URL(management.base);
  const inClear = protocol === 'http:' && !isLoopbackHost(hostname);
  const misled = !saysOtherwise && !isLoopbackHost(listen.host) && urls.some((url) => isLoopbackHost(new URL(url).hostname));
  return [
    ...(inClear ? [`--management sends the name and password of an administrator in clear to ${hostname}: let its API speak https://`] : []),
    ...(misled ? ['nodes that enroll are told that the broker is on their own machine: give --amqp-for-nodes URL, as they reach it'] : []),
  ];
};

export const parseServerOptions = (argv: readonly string[], env: Environment): Result<ServerOptions | 'help'> => {
  const flags = parseFlags('cycle-server', table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  if (flags.value.amqp === undefined) return fail('usage', 'cycle-server: the broker is not known: give --amqp URL or JETPACK_AMQP_URL');
  const urls = checkBrokerUrls('cycle-server', flags.value.amqp);
  if (!urls.ok) return urls;
  const forNodes = flags.value['amqp-for-nodes'] === undefined ? urls : checkBrokerUrls('cycle-server', flags.value['amqp-for-nodes'], '--amqp-for-nodes');
  if (!forNodes.ok) return forNodes;
  const tls = readTls('cycle-server', flags.value);
  if (!tls.ok) return tls;
  const { warnings, ...material } = tls.value;
  const prefix = checkPrefix('cycle-server', flags.value.prefix ?? 'jetpack');
  if (!prefix.ok) return prefix;
  const listen = parseListen(flags.value.listen ?? '127.0.0.1:8080');
  if (!listen.ok) return listen;
  const management = flags.value.management === undefined ? ok(undefined) : parseManagementUrl(flags.value.management);
  if (!management.ok) return management;
  const identities = parseIdentities(flags.value.identities ?? (management.value === undefined ? 'off' : 'required'));
  if (!identities.ok) return identities;
  return ok({
    home: path.resolve(flags.value.home ?? '/opt/cycle_server'),
    name: os.hostname(),
    broker: { urls: urls.value, ...material },
    prefix: prefix.value,
    listen: listen.value,
    management: management.value,
    identities: identities.value,
    brokerForNodes: forNodes.value.map(withoutCredentials),
    warnings: [...warnings, ...reachWarnings({ management: management.value, listen: listen.value, urls: urls.value, saysOtherwise: flags.value['amqp-for-nodes'] !== undefined })],
  });
};
