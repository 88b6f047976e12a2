// `jetpackd enroll`: from a token to config/connection.json. It can be given again after whatever interrupted it.
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { exitWith, type Host } from '../../supervisors/program.ts';
import { requestApi } from '../api-request.ts';
import { enrolledAs, forgetNonce, keepNonce, writeConnection } from './files.ts';
import { enrollHelp, parseEnrollOptions, program, standardInput, type EnrollOptions } from './options.ts';
import { redeem } from './redeem.ts';

const enroll = async ({ home, server, token }: EnrollOptions): Promise<Result<readonly string[]>> => {
  const before = enrolledAs(home, token.id);
  if (before !== undefined) return ok([`this node is ${before} already, by this token: nothing is to be done`]);
  const nonce = keepNonce(home, token.id, systemRandom);
  if (!nonce.ok) return nonce;
  const ask = (body: unknown) => requestApi({ server, path: '/api/enrol', method: 'POST', body });
  const told = await redeem(token, nonce.value, { ask, clock: systemClock });
  if (!told.ok) {
    // Any other refusal may be that of a wrong server, and the right one may have redeemed it.
    const forgotten = told.error.code === 'token_expired' ? forgetNonce(home, token.id) : ok(undefined);
    return forgotten.ok ? told : forgotten;
  }
  const written = writeConnection(home, token.id, told.value, server, systemClock.now());
  if (!written.ok) return written;
  const { aside, keepsIni } = written.value;
  const kept = [...(aside === undefined ? [] : [`the connection.json that was there is now ${aside}`]), ...(keepsIni ? [] : ['the jetpack.ini that was there is not of jetpackd and stays as it is'])];
  return ok([...kept, `this node is ${told.value.cluster}/${told.value.node}: start jetpackd with --home ${home}`]);
};

export const runEnroll = async (argv: readonly string[], host: Host): Promise<void> => {
  const options = parseEnrollOptions(argv, { env: host.env, input: standardInput });
  if (!options.ok) return exitWith(host, program, options.error);
  if (options.value === 'help') {
    host.stdout(enrollHelp);
    return;
  }
  for (const warning of options.value.warnings) host.stderr(`${program}: ${warning}\n`);
  const enrolled = await enroll(options.value);
  if (!enrolled.ok) return exitWith(host, program, enrolled.error);
  host.stdout(`${enrolled.value.join('\n')}\n`);
};
