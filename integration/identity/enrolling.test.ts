// How nodes come to an identity: tokens, and what `jetpackd enroll` makes of them, by real programs on a live broker.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { systemRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { credentials, type EnrolRequest } from '../../protocol/enrolment.ts';
import { keyOf, parseToken, proofOf, unseal } from '../../protocol/enrolment-seal.ts';
import { nodeUser } from '../../transport/topology.ts';
import { borrowAny } from '../broker/find.ts';
import type { ConnectionRow } from '../broker/shared/management.ts';
import type { SharedBroker } from '../broker/shared/shared-broker.ts';
import { clusterName, EnrollingCluster } from './enrolling-cluster.ts';

const one = { cluster: clusterName, node: 'one' };

let broker: SharedBroker;
let cluster: EnrollingCluster;

beforeAll(async () => {
  broker = await borrowAny();
}, 120_000);

afterAll(() => broker?.dispose());

beforeEach(() => {
  cluster = new EnrollingCluster(broker);
});

afterEach(() => cluster?.dispose());

test('a token is good once, for its time, and not at all when it is made up; a name in use before is kept aside', async () => {
  await cluster.startServer();
  const token = await cluster.mint('one');
  expect(await cluster.redeem('one', token)).toMatchObject({ code: 0, stdout: expect.stringContaining('this node is c/one') });
  const before = cluster.connection('one');
  expect(await cluster.redeem('thief', token)).toMatchObject({ code: 1, stderr: 'jetpackd enroll: the token for c/one was used before (token_used)\n' });
  expect(await cluster.redeem('one', `${'A'.repeat(22)}.${'A'.repeat(43)}`)).toMatchObject({ code: 1, stderr: 'jetpackd enroll: this server knows no such token (token_unknown)\n' });
  const brief = await cluster.mint('one', '--expires', '1s');
  await waitFor('a token to expire', async () => {
    const { enrolments } = (await (await fetch(new URL('/api/enrolments', cluster.url))).json()) as { readonly enrolments: ReadonlyArray<{ readonly expiresAt: number }> };
    return (enrolments.at(-1)?.expiresAt ?? Infinity) <= Date.now();
  });
  expect(await cluster.redeem('one', brief)).toMatchObject({ code: 1, stderr: 'jetpackd enroll: the token for c/one came after its time (token_expired)\n' });
  expect(cluster.connection('one')).toEqual(before);
  const other = await cluster.redeem('one', await cluster.mint('other'));
  expect(other.stdout).toMatch(/^the connection\.json that was there is now .*connection\.json\.aside-.*\nthis node is c\/other: /);
}, 300_000);

test('the very same redeem request again, by whoever captured it, is answered alike, makes no new user, and helps nobody without the token', async () => {
  await cluster.startServer();
  const token = parseToken(await cluster.mint('one'));
  if (!token.ok) throw new Error(token.error.message);
  const [key, { id }, nonce] = [keyOf(token.value), token.value, Buffer.from(systemRandom.bytes(32)).toString('base64url')];
  const captured: EnrolRequest = { id, nonce, proof: proofOf(key, id, nonce) };
  const send = async (): Promise<string> => {
    const answer = await fetch(new URL('/api/enrol', cluster.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(captured) });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { readonly sealed: string }).sealed;
  };
  const opened = (sealed: string) => credentials.parse(JSON.parse(unseal(key, { id, nonce }, sealed) ?? 'null'));
  const first = await send();
  const { password, urls, user } = opened(first);
  const ofCluster = async (): Promise<readonly string[]> => (await broker.management.users()).filter((name) => name.startsWith(cluster.prefix));
  expect([user, await ofCluster()]).toEqual([nodeUser(cluster.prefix, one), [user]]);
  const again = await send();
  expect([opened(again), await ofCluster()]).toEqual([opened(first), [user]]);
  expect([first, again].join()).not.toContain(password);
  await (await connect(`${urls[0]?.replace('://', `://${user}:${password}@`)}`)).close();
  const identities = (await (await fetch(new URL('/api/identities', cluster.url))).json()) as { readonly identities: readonly unknown[] };
  expect(identities.identities).toEqual([expect.objectContaining({ ...one, state: 'active' })]);
}, 300_000);

test("over TLS a node is handed the server's authority when it enrolls, and may then show a certificate instead of its password", async () => {
  const { certificates } = broker;
  await cluster.startServer({ ca: certificates.ca.cert.file });
  const written = await cluster.enroll('one');
  const user = nodeUser(cluster.prefix, one);
  expect([written.ca, written.broker]).toEqual(['broker-ca.pem', [expect.stringMatching(/^amqps:/)]]);
  expect(readFileSync(path.join(cluster.home('one'), 'config', 'broker-ca.pem'), 'utf8')).toBe(certificates.ca.cert.text);
  /** Of the connections that it has now: those of a daemon that has ended are gone at once. */
  const mechanisms = async (): Promise<ReadonlySet<string>> => {
    const own = await waitFor(`a connection of ${user} to show`, async () => {
      const shown = (await broker.management.connections()).filter((connection) => connection.user === user);
      return shown.length > 0 && shown;
    });
    return new Set(own.map(({ auth_mechanism, ssl }: ConnectionRow) => `${ssl ? 'TLS' : 'in clear'} ${auth_mechanism}`));
  };
  const daemon = await cluster.startNode('one');
  await cluster.seen('one', ({ link, phase }) => link === 'online' && phase === 'ready');
  expect(await mechanisms()).toEqual(new Set(['TLS PLAIN']));
  await daemon.stop();

  const { cert, key } = await certificates.client(user);
  const anonymous = written.broker.map((each) => each.replace(/:[^:@/]+@/, '@'));
  writeFileSync(cluster.connectionFile('one'), JSON.stringify({ ...written, broker: anonymous, cert: cert.file, key: key.file }), { mode: 0o600 });
  await cluster.startNode('one');
  expect(await cluster.jetpack('one', 'log', 'by certificate')).toMatchObject({ code: 0 });
  await waitFor('what it says', async () => (await cluster.logged()).includes('one: by certificate'), 60_000);
  expect(await mechanisms()).toEqual(new Set(['TLS EXTERNAL']));

  writeFileSync(path.join(cluster.home('one'), 'config', 'broker-ca.pem'), certificates.wrongCa.cert.text);
  await cluster.daemonOf('one').stop();
  const misled = cluster.launchNode('one');
  await waitFor('a daemon that believes another authority to say so', () => readFileSync(path.join(cluster.home('one'), 'logs', 'jetpackd.log'), 'utf8').includes('signed by an authority we do not trust'), 60_000);
  await misled.stop();
}, 300_000);
