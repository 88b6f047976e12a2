// Reads config/connection.json of a node's home.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { connectionFile, type ConnectionFile } from '../protocol/connection.ts';
import { firstIssue, parseJson } from '../protocol/json.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { parseServerUrl } from './api-request.ts';
import { parseBrokerUrls, warnIfReadable } from './broker-options.ts';
import { systemCode } from './home/system-error.ts';

export const connectionPath = (home: string): string => path.join(home, 'config', 'connection.json');

export interface Connection extends Pick<ConnectionFile, 'cluster' | 'node' | 'prefix' | 'ca' | 'cert' | 'key'> {
  /** Of the broker. */
  readonly urls?: readonly string[];
  /** Of the server's HTTP API. */
  readonly server?: string;
  readonly warnings: readonly string[];
}

const besideOf = (file: string, name: string | undefined): string | undefined => (name === undefined ? undefined : path.resolve(path.dirname(file), name));

/** A person may have mistyped one; other programs may have their own there. */
const unknownMembers = (file: string, content: unknown): readonly string[] =>
  Object.keys(Object(content)).flatMap((name) => (Object.hasOwn(connectionFile.shape, name) ? [] : [`${file} has the member '${name.slice(0, 100)}', which means nothing to jetpackd`]));

const isServerUrl = (url: string | readonly string[]): url is string => typeof url === 'string' && parseServerUrl('', url).ok;

/** What it says, its files as full paths; nothing when there is none. Fails with `config_invalid`, and repeats nothing of it. */
export const readConnection = (home: string): Result<Connection> => {
  const file = connectionPath(home);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' ? ok({ warnings: [] }) : fail('config_invalid', `${file} cannot be read (${code})`);
  }
  const json = parseJson(bytes);
  if (!json.ok) return fail('config_invalid', `${file} ${json.error}`);
  const parsed = connectionFile.safeParse(json.value);
  if (!parsed.success) return fail('config_invalid', `${file} is wrong at ${firstIssue(parsed.error)}`);
  const { broker, ca, cert, cluster, key, node, prefix, url } = parsed.data;
  const files = { ca: besideOf(file, ca), cert: besideOf(file, cert), key: besideOf(file, key) };
  // Alone it is the broker, unless it can be no broker's: files of the original agent have the server's address there.
  const server = broker === undefined && !isServerUrl(url ?? []) ? undefined : url;
  if (server !== undefined && !isServerUrl(server)) return fail('config_invalid', `${file} is wrong at url: beside broker it is the address of a cycle-server, such as http://server:8080`);
  const warnings = [...warnIfReadable(file), ...unknownMembers(file, json.value)];
  const said = { ...(cluster !== undefined && { cluster }), ...(node !== undefined && { node }), ...(prefix !== undefined && { prefix }), ...files, ...(server !== undefined && { server }), warnings };
  const [name, told] = broker === undefined ? (['url', server === undefined ? url : undefined] as const) : (['broker', broker] as const);
  if (told === undefined) return ok(said);
  const urls = parseBrokerUrls(typeof told === 'string' ? [told] : told, (reason) => fail('config_invalid', `${file} is wrong at ${name}: ${reason}`));
  return urls.ok ? ok({ ...said, urls: urls.value }) : urls;
};
