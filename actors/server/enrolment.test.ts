import { describe, expect, test } from '@jest/globals';
import { credentials, type Credentials } from '../../protocol/enrolment.ts';
import { keyOf, parseToken, unseal } from '../../protocol/enrolment-seal.ts';
import { settle } from '../testing/world.ts';
import type { MintedToken, Sealed } from './enrolment.ts';
import { begin, code, n1, nonceOf, question, useEnrolmentStage } from './testing/enrolment-stage.ts';

useEnrolmentStage();

const opened = (text: string, nonce: string, { sealed }: Sealed): Credentials => {
  const token = parseToken(text);
  if (!token.ok) throw new Error(token.error.message);
  return credentials.parse(JSON.parse(unseal(keyOf(token.value), { id: token.value.id, nonce }, sealed) ?? ''));
};

describe('a token', () => {
  test('is redeemed by its node, which learns all that it needs, and the broker knows the same password', async () => {
    const { admin, mint, redeem, store } = await begin();
    const { token } = await mint(n1);
    const answer = await redeem(token, nonceOf(1));
    if (!answer.ok) throw new Error(answer.error.message);
    const told = opened(token, nonceOf(1), answer.value);
    expect(told).toEqual({ ...n1, prefix: 'test', urls: ['amqp://broker.lab'], user: 'user of n1', password: admin.passwordOf(n1) });
    expect([store.identity(n1)?.state, store.tokens({ limit: 9 }).map(({ state }) => state)]).toEqual(['active', ['redeemed']]);
  });

  test('that is redeemed again with the same nonce gives the same, and changes nothing', async () => {
    const { admin, mint, redeem } = await begin();
    const { token } = await mint(n1);
    const answers = [await redeem(token, nonceOf(1)), await redeem(token, nonceOf(1))].map((answer) => (answer.ok ? opened(token, nonceOf(1), answer.value) : answer));
    expect(answers[1]).toEqual(answers[0]);
    expect(admin.calls.filter((call) => call === 'grant n1')).toHaveLength(1);
  });

  test('that is shown with another nonce is refused as used, and the first goes on being good', async () => {
    const { admin, log, mint, redeem } = await begin();
    const { token } = await mint(n1);
    await redeem(token, nonceOf(1));
    const password = admin.passwordOf(n1);
    expect(code(await redeem(token, nonceOf(2)))).toBe('token_used');
    expect([admin.passwordOf(n1), code(await redeem(token, nonceOf(1)))]).toEqual([password, 'ok']);
    expect(log.lines.join('\n')).toContain('the token for lab/n1 was shown again');
  });

  test('that two ask with at once is given to one of them', async () => {
    const { ask, mint } = await begin();
    const { token } = await mint(n1);
    const both = [1, 2].map((seed) => ask<Sealed>((reply) => ({ type: 'redeem', request: question(token, nonceOf(seed)), reply })));
    expect((await Promise.all(both)).map(code).toSorted()).toEqual(['ok', 'token_used']);
  });

  test('without its secret is nothing', async () => {
    const { ask, mint } = await begin();
    const { token } = await mint(n1);
    const forged = { ...question(token, nonceOf(1)), proof: nonceOf(3) };
    expect(code(await ask<Sealed>((reply) => ({ type: 'redeem', request: forged, reply })))).toBe('token_unknown');
    expect(code(await ask<Sealed>((reply) => ({ type: 'redeem', request: { ...forged, id: 'A'.repeat(22) }, reply })))).toBe('token_unknown');
  });

  test('is refused after its time, also when nothing is left of its key', async () => {
    const { clock, mint, redeem, store } = await begin();
    const { token } = await mint(n1, 60);
    await clock.advance(59_999);
    expect(store.tokens({ limit: 1 })).toMatchObject([{ state: 'minted' }]);
    await clock.advance(1);
    expect(code(await redeem(token, nonceOf(1)))).toBe('token_expired');
    await clock.advance(600_000);
    await settle();
    expect(code(await redeem(token, nonceOf(1)))).toBe('token_expired');
    await clock.advance(8 * 24 * 3_600_000);
    await settle();
    expect(code(await redeem(token, nonceOf(1)))).toBe('token_unknown');
  });

  test('of which nothing secret is in the store or the log', async () => {
    const { admin, log, mint, redeem, store } = await begin();
    const { token } = await mint(n1);
    const secret = token.split('.')[1]!;
    await redeem(token, nonceOf(1));
    const kept = JSON.stringify([store.tokens({ limit: 9 }), store.identities({ limit: 9 }), store.ordered, log.lines, log.fields]);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(admin.passwordOf(n1));
  });

  test('that cannot be written is not given, and says why', async () => {
    const { ask, store } = await begin();
    store.failWith = { code: 'store_unwritable', message: 'the disk is full' };
    expect(code(await ask<MintedToken>((reply) => ({ type: 'mint', request: { ...n1, expiresInSeconds: 60 }, reply })))).toBe('store_unwritable');
  });

  test('withdraws the one that was redeemed before it', async () => {
    const { admin, mint, redeem } = await begin();
    const [first, second] = [await mint(n1), await mint(n1)];
    await redeem(first.token, nonceOf(1));
    const before = admin.passwordOf(n1);
    expect(code(await redeem(second.token, nonceOf(2)))).toBe('ok');
    expect(admin.passwordOf(n1)).not.toBe(before);
    expect(code(await redeem(first.token, nonceOf(1)))).toBe('token_unknown');
  });
});

describe('a revocation', () => {
  test('is durable when it is answered, and the broker forgets the node', async () => {
    const { admin, mint, redeem, revoke, store } = await begin();
    const { token } = await mint(n1);
    await redeem(token, nonceOf(1));
    expect(await revoke(n1)).toEqual({ ok: true, value: { ...n1, state: 'revoking' } });
    await settle();
    expect([admin.passwordOf(n1), store.identity(n1)?.state, code(await redeem(token, nonceOf(1)))]).toEqual([undefined, 'revoked', 'token_unknown']);
  });

  test('of a node that nobody knows is refused', async () => {
    const { revoke } = await begin();
    expect(code(await revoke(n1))).toBe('identity_unknown');
  });

  test('withdraws tokens that nobody has used', async () => {
    const { mint, redeem, revoke } = await begin();
    const { token } = await mint(n1);
    await revoke(n1);
    expect(code(await redeem(token, nonceOf(1)))).toBe('token_unknown');
  });

  test('that the administrator does not do is tried again until it is done, and can be asked for once more', async () => {
    const { admin, clock, log, mint, redeem, revoke, store } = await begin();
    const { token } = await mint(n1);
    await redeem(token, nonceOf(1));
    admin.broken = true;
    expect(code(await revoke(n1))).toBe('ok');
    for (let seconds = 0; seconds < 120; seconds += 1) await clock.advance(1_000).then(() => settle(5));
    const tries = admin.calls.filter((call) => call === 'revoke n1').length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(12);
    expect([store.identity(n1)?.state, log.lines.some((line) => line.includes('taking the identity of lab/n1 is tried again'))]).toEqual(['revoking', true]);
    admin.broken = false;
    expect(code(await revoke(n1))).toBe('ok');
    await settle();
    expect([admin.passwordOf(n1), store.identity(n1)?.state]).toEqual([undefined, 'revoked']);
  });

  test('overtakes an enrolment that is under way: whoever waits is refused, and no user is left', async () => {
    const { admin, ask, mint, revoke, store } = await begin();
    const { token } = await mint(n1);
    const hold = Promise.withResolvers<void>();
    admin.held = hold.promise;
    const redeeming = ask<Sealed>((reply) => ({ type: 'redeem', request: question(token, nonceOf(1)), reply }));
    await settle(5);
    const revoking = revoke(n1);
    expect(code(await redeeming)).toBe('token_unknown');
    await revoking;
    hold.resolve();
    admin.held = undefined;
    await settle();
    expect([admin.passwordOf(n1), store.identity(n1)?.state]).toEqual([undefined, 'revoked']);
  });

  test('is over for good, and a new token makes the node a new identity', async () => {
    const { admin, mint, redeem, revoke, store } = await begin();
    await redeem((await mint(n1)).token, nonceOf(1));
    await revoke(n1);
    expect(code(await redeem((await mint(n1)).token, nonceOf(2)))).toBe('ok');
    expect([admin.users.size, store.identity(n1)?.state]).toEqual([1, 'active']);
  });
});

test('an incarnation that ends waits for what it asked of the broker, and its successor finishes what is left', async () => {
  const first = await begin();
  const { token } = await first.mint(n1);
  const hold = Promise.withResolvers<void>();
  first.admin.held = hold.promise;
  const redeeming = first.ask<Sealed>((reply) => ({ type: 'redeem', request: question(token, nonceOf(1)), reply })).catch(() => undefined);
  await settle(5);
  let ended = false;
  const ending = first.incarnation.end().then(() => (ended = true));
  await settle();
  expect(first.admin.stopped).toBe(true);
  expect([ended, first.store.tokens({ limit: 1 })]).toEqual([false, [expect.objectContaining({ state: 'redeeming' })]]);
  hold.resolve();
  first.admin.held = undefined;
  await ending;
  await redeeming;
  const { redeem, store } = await begin({ world: first.world, admin: first.admin, store: first.store });
  expect([store.identity(n1)?.state, code(await redeem(token, nonceOf(1)))]).toEqual(['active', 'ok']);
});
