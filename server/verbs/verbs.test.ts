import { describe, expect, test } from '@jest/globals';
import type { ApiRequest } from '../../node/api-request.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { parseVerb, serverVerbs, verbHelp, type VerbOptions } from './options.ts';
import { doVerb, isServerVerb } from './run.ts';

const parsed = (...[verb, argv, env = {}]: [Parameters<typeof parseVerb>[0], readonly string[], Record<string, string>?]): VerbOptions => {
  const options = parseVerb(verb, argv, env);
  if (!options.ok || options.value === 'help') throw new Error(JSON.stringify(options));
  return options.value;
};

const node = ['--cluster', 'lab', '--node', 'n1'];

describe('the verbs of cycle-server', () => {
  test('are three words, and no option or other word is one', () => {
    expect(['enroll', 'revoke', 'identities', '--enroll', 'x', '', undefined].filter(isServerVerb)).toEqual(['enroll', 'revoke', 'identities']);
  });

  test('are explained by --help', () => {
    for (const verb of serverVerbs) {
      expect(parseVerb(verb, ['--help'], {})).toEqual(ok('help'));
      expect(verbHelp(verb)).toContain(`cycle-server ${verb}`);
    }
  });

  test('speak to the server of this machine unless they are told another', () => {
    expect(parsed('identities', []).server.href).toBe('http://127.0.0.1:8080/');
    expect(parsed('revoke', node, { CYCLE_SERVER_URL: 'http://localhost:9' })).toMatchObject({ address: { cluster: 'lab', node: 'n1' }, server: new URL('http://localhost:9') });
    expect(parsed('enroll', [...node, '--expires', '30m'])).toMatchObject({ expiresInSeconds: 1_800 });
  });

  test.each([
    ['enroll', ['--cluster', 'lab'], 'cycle-server enroll: which node? give --cluster NAME and --node NAME'],
    ['revoke', [], 'cycle-server revoke: which node? give --cluster NAME and --node NAME'],
    ['enroll', [...node, '--expires', 'soon'], "cycle-server enroll: --expires 'soon' is not a duration: write 500ms, 20s, 5m, 1h, 2d or 1w"],
    ['enroll', [...node, '--expires', '500ms'], 'cycle-server enroll: --expires is not between 1s and 168h'],
    ['enroll', [...node, '--expires', '169h'], 'cycle-server enroll: --expires is not between 1s and 168h'],
    ['revoke', ['--cluster', 'lab', '--node', 'x'.repeat(101)], 'cycle-server revoke: --node: the node name is too long'],
    ['identities', ['--server', 'x'], 'cycle-server identities: --server is not the address of a cycle-server, such as http://127.0.0.1:8080'],
    ['identities', ['--expires', '1h'], "cycle-server identities: unknown option '--expires'; see cycle-server identities --help"],
  ] as const)('%s %j is one line that says what would be right', (verb, argv, line) => {
    expect(parseVerb(verb, argv, {})).toEqual(fail('usage', line));
  });
});

describe('what they ask and say', () => {
  const server = new URL('http://127.0.0.1:8080');
  const address = { cluster: 'lab 1', node: 'n/1' };
  const run = async (options: VerbOptions, answer: (path: string) => Result<unknown>) => {
    const asked: ApiRequest[] = [];
    const said = await doVerb(options, async (request) => {
      asked.push(request);
      return answer(request.path);
    });
    return { asked, said };
  };

  test('a token is all of standard output, so that it can be piped to its node', async () => {
    const { asked, said } = await run({ verb: 'enroll', server, address, expiresInSeconds: 60 }, () => ok({ token: 'i.s', expiresAt: 0 }));
    expect(asked).toEqual([{ server, path: '/api/enrolments', method: 'POST', body: { ...address, expiresInSeconds: 60 } }]);
    expect(said).toEqual(ok({ out: 'i.s\n', err: expect.stringContaining('for lab 1/n/1, once, until 1970-01-01T00:00:00.000Z') }));
  });

  test('a revocation names its node in the path', async () => {
    const { asked, said } = await run({ verb: 'revoke', server, address }, () => ok({}));
    expect([asked[0]?.path, said]).toEqual(['/api/identities/lab%201/n%2F1', ok({ out: 'the identity of lab 1/n/1 is revoked\n' })]);
  });

  test('identities and tokens are columns', async () => {
    const rows: Record<string, unknown> = {
      '/api/identities?after=0&limit=1000': { identities: [{ cluster: 'lab', node: 'n1', state: 'active', changedAt: 0, user: 'p.lab.n1' }], next: 1 },
      '/api/enrolments?after=0&limit=1000': { enrolments: [{ cluster: 'lab', node: 'n2', state: 'minted', mintedAt: 0, expiresAt: 0, id: 'i' }], next: 3 },
    };
    const { said } = await run({ verb: 'identities', server }, (path) => ok(rows[path] ?? {}));
    const at = '1970-01-01T00:00:00.000Z';
    expect(said.ok && said.value.out.split('\n')).toEqual([
      'NODE    IS            SINCE                     USER OR TOKEN',
      `lab/n1  active        ${at}  p.lab.n1`,
      `lab/n2  token minted  ${at}  i, until ${at}`,
      '',
    ]);
  });

  test('of ten thousand identities all are listed, for they are read in pages', async () => {
    const most = 10_000;
    const { asked, said } = await run({ verb: 'identities', server }, (path) => {
      const { pathname, searchParams } = new URL(path, server);
      const [after, limit] = [Number(searchParams.get('after')), Number(searchParams.get('limit'))];
      const positions = pathname === '/api/identities' ? Array.from({ length: Math.min(limit, most - after) }, (_, index) => after + index + 1) : [];
      return ok({ identities: positions.map((position) => ({ cluster: 'lab', node: `n${position}`, state: 'active' })), enrolments: [], next: positions.at(-1) ?? after });
    });
    expect([asked.length, said.ok && said.value.out.split('\n').length]).toEqual([12, most + 2]);
  });

  test('a list that says not where it goes on is a failure, not a round without end', async () => {
    expect((await run({ verb: 'identities', server }, () => ok({ identities: [{}], next: 0 }))).said).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
  });

  test('a refusal of the server is theirs', async () => {
    const refused = fail('identity_unknown', 'there is none');
    for (const options of [{ verb: 'enroll', server, address, expiresInSeconds: 1 }, { verb: 'revoke', server, address }, { verb: 'identities', server }] as const) {
      expect((await run(options, () => refused)).said).toEqual(refused);
    }
  });
});
