// cycle-server's options: the command line, then the environment.
import os from 'node:os';
import path from 'node:path';
import { helpText, parseFlags, shown, type Environment } from '../commands/flags.ts';
import { checkBrokerUrl, checkPrefix } from '../node/options.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { ListenAddress } from './http/listen.ts';

const table = {
  home: { value: 'DIR', env: 'CYCLE_SERVER_HOME', help: "the server's home, with the templates of clusters in clusters/, else /opt/cycle_server" },
  amqp: { value: 'URL', env: 'JETPACK_AMQP_URL', help: 'the broker' },
  prefix: { value: 'WORD', env: 'JETPACK_PREFIX', help: 'prefix of every name on the broker, else jetpack' },
  listen: { value: 'HOST:PORT', env: 'CYCLE_SERVER_LISTEN', help: 'address of the HTTP API, else 127.0.0.1:8080' },
} as const;

export const cycleServerHelp = helpText('cycle-server', 'What the nodes of a cluster report to: roster, event log, HTTP API.', table);

export interface ServerOptions {
  readonly home: string;
  readonly name: string;
  /** May hold a password: never logged, never passed on in arguments. */
  readonly brokerUrl: string;
  readonly prefix: string;
  readonly listen: ListenAddress;
}

const parseListen = (text: string): Result<ListenAddress> => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s/[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return fail('usage', `cycle-server: --listen '${shown(text)}' is not HOST:PORT, such as 127.0.0.1:8080`);
  return ok({ host, port });
};

export const parseServerOptions = (argv: readonly string[], env: Environment): Result<ServerOptions | 'help'> => {
  const flags = parseFlags('cycle-server', table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  if (flags.value.amqp === undefined) return fail('usage', 'cycle-server: the broker is not known: give --amqp URL or JETPACK_AMQP_URL');
  const brokerUrl = checkBrokerUrl('cycle-server', flags.value.amqp);
  if (!brokerUrl.ok) return brokerUrl;
  const prefix = checkPrefix('cycle-server', flags.value.prefix ?? 'jetpack');
  if (!prefix.ok) return prefix;
  const listen = parseListen(flags.value.listen ?? '127.0.0.1:8080');
  if (!listen.ok) return listen;
  const home = path.resolve(flags.value.home ?? '/opt/cycle_server');
  return ok({ home, name: os.hostname(), brokerUrl: brokerUrl.value, prefix: prefix.value, listen: listen.value });
};
