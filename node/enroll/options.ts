// What `jetpackd enroll` is told. The token itself is no option: others see the arguments of a program.
import { readFileSync } from 'node:fs';
import { helpText, parseFlags, type Environment } from '../../commands/flags.ts';
import { parseToken, type Token } from '../../protocol/enrolment-seal.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { parseServerUrl } from '../api-request.ts';
import { warnIfReadable } from '../broker-options.ts';
import { resolveHome } from '../../commands/home.ts';
import { systemCode } from '../home/system-error.ts';

export const program = 'jetpackd enroll';

const table = {
  home: { value: 'DIR', env: 'JETPACK_HOME', help: "the node's home, else CYCLECLOUD_HOME, else /opt/cycle/jetpack" },
  server: { value: 'URL', env: 'JETPACK_SERVER_URL', help: "the server's API, such as http://server:8080" },
  'token-file': { value: 'FILE', help: 'file with the token, else JETPACK_ENROLL_TOKEN, else standard input' },
} as const;

export const enrollHelp = helpText(program, 'Gets this node an identity on the broker, once, with a token of `cycle-server enroll`: writes config/connection.json, and config/jetpack.ini for scripts.', table);

export interface EnrollOptions {
  readonly home: string;
  readonly server: URL;
  readonly token: Token;
  readonly warnings: readonly string[];
}

const readText = (file: string | number, name: string): Result<string> => {
  try {
    return ok(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail('file_unreadable', `${program}: ${name} cannot be read (${systemCode(error)})`);
  }
};

export interface Input {
  readonly env: Environment;
  /** Standard input, to its end. */
  readonly input: () => Result<string>;
}

export const standardInput = (): Result<string> => readText(0, 'standard input');

export const parseEnrollOptions = (argv: readonly string[], { env, input }: Input): Result<EnrollOptions | 'help'> => {
  const flags = parseFlags(program, table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  if (flags.value.server === undefined) return fail('usage', `${program}: the server is not known: give --server URL`);
  const server = parseServerUrl(program, flags.value.server);
  if (!server.ok) return server;
  const file = flags.value['token-file'];
  const fromEnv = env['JETPACK_ENROLL_TOKEN'] ?? '';
  const text = file !== undefined ? readText(file, file) : fromEnv === '' ? input() : ok(fromEnv);
  if (!text.ok) return text;
  const token = parseToken(text.value);
  if (!token.ok) return token;
  return ok({ home: resolveHome(flags.value.home, env), server: server.value, token: token.value, warnings: file === undefined ? [] : warnIfReadable(file) });
};
