// What the verbs of cycle-server are told: they speak to the API of the server that runs on this machine.
import { parseDuration } from '../../commands/duration.ts';
import { helpText, parseFlags, type Environment, type FlagTable } from '../../commands/flags.ts';
import { firstIssue } from '../../protocol/json.ts';
import { nodeAddress, type NodeAddress } from '../../protocol/identity.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { parseServerUrl } from '../../node/api-request.ts';

export const serverVerbs = ['enroll', 'revoke', 'identities'] as const;
export type ServerVerb = (typeof serverVerbs)[number];

const server = { value: 'URL', env: 'CYCLE_SERVER_URL', help: 'the API of the running server, else http://127.0.0.1:8080' } as const;
const node = {
  cluster: { value: 'NAME', help: 'the cluster of the node' },
  node: { value: 'NAME', help: "the node's name in it" },
} as const;

const tables = {
  enroll: { ...node, expires: { value: 'TIME', help: 'until when the token can be used (30m, 24h), else 1h' }, server },
  revoke: { ...node, server },
  identities: { server },
} as const satisfies Record<ServerVerb, FlagTable>;

const about: Readonly<Record<ServerVerb, string>> = {
  enroll: 'Makes a token with which a node gets its identity on the broker, once, and writes it to standard output.',
  revoke: 'Takes the identity of a node away: the broker forgets its user, cuts it off and deletes its queue.',
  identities: 'Lists identities and tokens.',
};

export const verbHelp = (verb: ServerVerb): string => helpText(`cycle-server ${verb}`, about[verb], tables[verb]);

export type VerbOptions = { readonly server: URL } & (
  | { readonly verb: 'enroll'; readonly address: NodeAddress; readonly expiresInSeconds: number }
  | { readonly verb: 'revoke'; readonly address: NodeAddress }
  | { readonly verb: 'identities' }
);

const longestDays = 7;

const parseExpires = (text: string): Result<number> => {
  const parsed = parseDuration(text);
  if (!parsed.ok) return fail('usage', `cycle-server enroll: --expires ${parsed.error.message}`);
  const seconds = Math.floor(parsed.value / 1_000);
  return seconds >= 1 && seconds <= longestDays * 86_400 ? ok(seconds) : fail('usage', `cycle-server enroll: --expires is not between 1s and ${longestDays * 24}h`);
};

export const parseVerb = (verb: ServerVerb, argv: readonly string[], env: Environment): Result<VerbOptions | 'help'> => {
  const program = `cycle-server ${verb}`;
  const flags = parseFlags<FlagTable>(program, tables[verb], argv, env);
  if (!flags.ok) return flags;
  const { cluster, expires = '1h', help, node: name, server: url = 'http://127.0.0.1:8080' } = flags.value;
  if (help === true) return ok('help');
  const at = parseServerUrl(program, String(url));
  if (!at.ok) return at;
  if (verb === 'identities') return ok({ verb, server: at.value });
  if (cluster === undefined || name === undefined) return fail('usage', `${program}: which node? give --cluster NAME and --node NAME`);
  const address = nodeAddress.safeParse({ cluster, node: name });
  if (!address.success) return fail('usage', `${program}: --${firstIssue(address.error)}`);
  if (verb === 'revoke') return ok({ verb, server: at.value, address: address.data });
  const seconds = parseExpires(String(expires));
  return seconds.ok ? ok({ verb, server: at.value, address: address.data, expiresInSeconds: seconds.value }) : seconds;
};
