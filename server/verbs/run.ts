// `cycle-server enroll`, `revoke` and `identities`: what an operator asks of the running server.
import { requestApi, type ApiRequest } from '../../node/api-request.ts';
import { assertNever, fail, ok, type Result } from '../../protocol/result.ts';
import { exitWith, type Host } from '../../supervisors/program.ts';
import { parseVerb, serverVerbs, verbHelp, type ServerVerb, type VerbOptions } from './options.ts';

/** What is written to standard output, and what to standard error. */
interface Said {
  readonly out: string;
  readonly err?: string;
}

type Ask = (request: ApiRequest) => Promise<Result<unknown>>;

export const isServerVerb = (word: string | undefined): word is ServerVerb => serverVerbs.some((verb) => verb === word);

/** A member of an answer; answers come from the server of this machine, and what is not there is shown as nothing. */
const memberOf = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined);

const textOf = (value: unknown, name: string): string => {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : '';
};

const timeOf = (value: unknown, name: string): string => {
  const member = memberOf(value, name);
  return typeof member === 'number' ? new Date(member).toISOString() : '';
};

/** As columns, each as wide as its widest cell. */
const columns = (rows: ReadonlyArray<readonly string[]>): string => {
  const widths = (rows[0] ?? []).map((_, index) => rows.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), 0));
  return rows.map((row) => `${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd()}\n`).join('');
};

/** All rows of a list, page by page. */
const allOf = async (name: 'identities' | 'enrolments', server: URL, ask: Ask): Promise<Result<readonly unknown[]>> => {
  const all: unknown[] = [];
  for (let after = 0; ; ) {
    const page = await ask({ server, path: `/api/${name}?after=${after}&limit=1000`, method: 'GET' });
    if (!page.ok) return page;
    const [rows, next] = [memberOf(page.value, name), memberOf(page.value, 'next')];
    if (!Array.isArray(rows) || rows.length === 0) return ok(all);
    if (typeof next !== 'number' || next <= after) return fail('server_unreachable', `the API of cycle-server at ${server.host} does not say where /api/${name} goes on`);
    for (const row of rows) all.push(row);
    after = next;
  }
};

const list = async (server: URL, ask: Ask): Promise<Result<Said>> => {
  const identities = await allOf('identities', server, ask);
  if (!identities.ok) return identities;
  const tokens = await allOf('enrolments', server, ask);
  if (!tokens.ok) return tokens;
  const named = (row: unknown): string => `${textOf(row, 'cluster')}/${textOf(row, 'node')}`;
  return ok({
    out: columns([
      ['NODE', 'IS', 'SINCE', 'USER OR TOKEN'],
      ...identities.value.map((row) => [named(row), textOf(row, 'state'), timeOf(row, 'changedAt'), textOf(row, 'user')]),
      ...tokens.value.map((row) => [named(row), `token ${textOf(row, 'state')}`, timeOf(row, 'mintedAt'), `${textOf(row, 'id')}, until ${timeOf(row, 'expiresAt')}`]),
    ]),
  });
};

export const doVerb = async (options: VerbOptions, ask: Ask): Promise<Result<Said>> => {
  const { server, verb } = options;
  switch (verb) {
    case 'enroll': {
      const { address, expiresInSeconds } = options;
      const minted = await ask({ server, path: '/api/enrolments', method: 'POST', body: { ...address, expiresInSeconds } });
      if (!minted.ok) return minted;
      const token = textOf(minted.value, 'token');
      if (token === '') return fail('server_unreachable', `the API of cycle-server at ${server.host} gives no token`);
      const err = `for ${address.cluster}/${address.node}, once, until ${timeOf(minted.value, 'expiresAt')}; on the node: jetpackd enroll --server http://SERVER:PORT, with it on standard input\n`;
      return ok({ out: `${token}\n`, err });
    }
    case 'revoke': {
      const { cluster, node } = options.address;
      const revoked = await ask({ server, path: `/api/identities/${encodeURIComponent(cluster)}/${encodeURIComponent(node)}`, method: 'DELETE' });
      return revoked.ok ? ok({ out: `the identity of ${cluster}/${node} is revoked\n` }) : revoked;
    }
    case 'identities':
      return list(server, ask);
    default:
      return assertNever(verb);
  }
};

export const runServerVerb = async (verb: ServerVerb, argv: readonly string[], host: Host): Promise<void> => {
  const program = `cycle-server ${verb}`;
  const options = parseVerb(verb, argv, host.env);
  if (!options.ok) return exitWith(host, program, options.error);
  if (options.value === 'help') {
    host.stdout(verbHelp(verb));
    return;
  }
  const done = await doVerb(options.value, requestApi);
  if (!done.ok) return exitWith(host, program, done.error);
  host.stdout(done.value.out);
  if (done.value.err !== undefined) host.stderr(`${program}: ${done.value.err}`);
};
