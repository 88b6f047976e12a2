import { expect, test } from '@jest/globals';
import { MemoryStore } from '../actors/server/testing/memory-store.ts';
import { nodeRecord } from '../actors/server/testing/records.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { httpPasswordOf, verifierOf } from '../protocol/enrolment-seal.ts';
import { fail, ok } from '../protocol/result.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { speakers } from './speakers.ts';

const clock = new ManualClock();
const from = { cluster: 'lab', node: 'n1' };
const user = 'jetpack.lab.n1';
const password = httpPasswordOf('of the broker');

const begin = async (makesIdentities = true) => {
  const store = new MemoryStore(() => clock.now());
  await store.order({ type: 'mint', token: { ...from, id: 't', key: 'k', expiresAt: 9 } });
  await store.order({ type: 'redeem', id: 't', nonce: 'n' });
  await store.order({ type: 'granted', id: 't', user, verifier: verifierOf(password) });
  let refused = 0;
  const records = { of: [nodeRecord({ ...from, instanceId: 'i-1' })] };
  const sources = { credential: (of: string) => store.credential(of), nodes: () => records.of };
  const speaker = speakers({ store: sources, makesIdentities, metrics: { ...createMetrics(clock), identityRefused: () => void (refused += 1) } });
  return { records, refused: () => refused, speaker, store };
};

test('who shows the user and the password of a node is that node, which is called as it said itself, or anything before it has', async () => {
  const { records, refused, speaker } = await begin();
  expect(speaker(user, password)).toEqual(ok({ ...from, instances: ['i-1'] }));
  records.of = [nodeRecord({ ...from, instanceId: '' })];
  expect(speaker(user, password)).toEqual(ok({ ...from, instances: [] }));
  expect(refused()).toBe(0);
});

test.each([
  [user, 'of the broker'],
  [user, ''],
  [user, `${password}x`],
  ['jetpack.lab.n2', password],
  ['', password],
])('%j with %j is nobody, which is counted', async (name, shown) => {
  const { refused, speaker } = await begin();
  expect(speaker(name, shown)).toMatchObject({ ok: false, error: { code: 'identity_refused' } });
  expect(refused()).toBe(1);
});

test('whose identity is revoked is nobody', async () => {
  const { speaker, store } = await begin();
  await store.order({ type: 'revoke', node: from, user });
  expect(speaker(user, password)).toMatchObject({ ok: false, error: { code: 'identity_refused' } });
});

test('nobody is known to a server that makes no identities', async () => {
  const { speaker } = await begin(false);
  expect(speaker(user, password)).toEqual(fail('enrolment_off', 'this server knows no credentials of nodes: start it with --management, and enroll them'));
});
