// config/jetpack.ini: where programs made for version 8 look for the server's HTTP API and for who this node is to it (reference, section 3).
// Enrolling writes it, without the instance that nobody knows then; the daemon keeps it as node.json is. It says the same as node.json,
// and is for its owner alone. One that somebody else wrote has not our first line, and is left as it is.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lookUp } from '../../commands/config-key.ts';
import type { ExactTree } from '../../commands/exact-json.ts';
import { writeDurably } from '../home/durable-file.ts';
import { systemCode } from '../home/system-error.ts';

export interface ForPrograms {
  /** Of the server's HTTP API. */
  readonly webserver: string;
  readonly username: string;
  readonly password: string;
  readonly cluster: string;
  readonly instanceId?: string;
}

const firstLine = '; Written by jetpackd, from the configuration of the node.';
const mode = 0o600;

const fileIn = (config: string): string => path.join(config, 'jetpack.ini');

const isOneLine = (text: string): boolean => text !== '' && !/\p{Cc}/u.test(text);

/** Undefined: one of them cannot stand in such a file. */
const textOf = ({ cluster, instanceId, password, username, webserver }: ForPrograms): string | undefined => {
  const server = { webserver, api_username: username, api_password: password };
  const identity = { cluster_name: cluster, ...(instanceId === undefined ? {} : { instance_id: instanceId }) };
  const lines = Object.entries({ cycle_server: server, identity }).flatMap(([name, values]) => ['', `[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`)]);
  const isSound = [...Object.values(server), ...Object.values(identity)].every(isOneLine);
  return isSound ? `${[firstLine, ...lines].join('\n')}\n` : undefined;
};

const textAt = (tree: ExactTree, key: string): string => {
  const found = lookUp(tree, key);
  return typeof found === 'string' ? found : '';
};

/** What a configuration says of it; undefined where it does not say all. */
export const forProgramsOf = (tree: ExactTree): ForPrograms | undefined => {
  const [webserver, username, password] = ['web_server', 'username', 'password'].map((name) => textAt(tree, `cyclecloud.config.${name}`));
  if (!webserver || !username || !password) return undefined;
  return { webserver, username, password, cluster: textAt(tree, 'cyclecloud.cluster.name'), instanceId: textAt(tree, 'cyclecloud.instance.id') };
};

const held = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Says what is told, or is taken away where nothing is. False: somebody else's file is there, and stays. Throws file system errors. */
export const keepJetpackIni = (config: string, told: ForPrograms | undefined): boolean => {
  const file = fileIn(config);
  const found = held(file);
  if (found !== undefined && !found.startsWith(firstLine)) return false;
  const text = told === undefined ? undefined : textOf(told);
  if (text === undefined) rmSync(file, { force: true });
  else if (text !== found) writeDurably(file, `${file}.new`, text, mode);
  return true;
};
