import { afterEach, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../effects/random.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { credentials, type Credentials, type EnrolRequest } from '../../protocol/enrolment.ts';
import { keyOf, parseToken, proofOf, unseal } from '../../protocol/enrolment-seal.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import type { Result } from '../../protocol/result.ts';
import type { Reply } from '../ref.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import { enrolment, type EnrolmentMessage, type MintedToken, type Revocation, type Sealed } from './enrolment.ts';
import { FakeAdmin } from './testing/fake-admin.ts';
import { MemoryStore } from './testing/memory-store.ts';

const n1: NodeAddress = { cluster: 'lab', node: 'n1' };
const n2: NodeAddress = { cluster: 'lab', node: 'n2' };

const worlds: World[] = [];
afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

const nonceOf = (seed: number): string => Buffer.from(seededRandom(seed).bytes(32)).toString('base64url');

/** What a node asks with a token. */
const question = (text: string, nonce: string): EnrolRequest => {
  const token = parseToken(text);
  if (!token.ok) throw new Error(token.error.message);
  const { id } = token.value;
  return { id, nonce, proof: proofOf(keyOf(token.value), id, nonce) };
};

const opened = (text: string, nonce: string, { sealed }: Sealed): Credentials => {
  const token = parseToken(text);
  if (!token.ok) throw new Error(token.error.message);
  return credentials.parse(JSON.parse(unseal(keyOf(token.value), { id: token.value.id, nonce }, sealed) ?? ''));
};

const begin = async (more: { readonly admin?: FakeAdmin | undefined; readonly store?: MemoryStore; readonly world?: World } = {}) => {
  const world = more.world ?? createWorld();
  if (more.world === undefined) worlds.push(world);
  const { clock, system } = world;
  const admin = 'admin' in more ? more.admin : new FakeAdmin();
  const store = more.store ?? new MemoryStore(() => clock.now());
  const log = recordLog();
  const watching = supervise('end');
  const broker = { prefix: 'test', urls: ['amqp://broker.lab'] };
  const incarnation = system.spawn('enrolment', enrolment({ store, admin, userOf: ({ node }) => `user of ${node}`, broker, clock, random: system.random, logger: log.logger }), watching);
  await settle();
  const ref = system.ref<EnrolmentMessage>('enrolment');
  const ask = async <T>(message: (reply: Reply<Result<T>>) => EnrolmentMessage): Promise<Result<T>> => {
    const asked = system.ask(ref, message, { timeoutMs: 8_000 });
    await settle();
    const answered = await Promise.race([asked, settle(100).then(() => undefined)]);
    if (answered === undefined) throw new Error('no answer');
    return answered.ok ? answered.value : answered;
  };
  const mint = async (node: NodeAddress, expiresInSeconds = 3_600): Promise<MintedToken> => {
    const minted = await ask<MintedToken>((reply) => ({ type: 'mint', request: { ...node, expiresInSeconds }, reply }));
    if (!minted.ok) throw new Error(minted.error.message);
    return minted.value;
  };
  const redeem = (token: string, nonce: string) => ask<Sealed>((reply) => ({ type: 'redeem', request: question(token, nonce), reply }));
  const revoke = (node: NodeAddress) => ask<Revocation>((reply) => ({ type: 'revoke', node, reply }));
  return { admin: admin!, ask, clock, incarnation, log, mint, redeem, ref, revoke, store, system, watching, world };
};

const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

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

describe('the administrator', () => {
  test('that fails is a refusal which may be asked again, with the same nonce', async () => {
    const { admin, mint, redeem, store } = await begin();
    const { token } = await mint(n1);
    admin.broken = true;
    expect(code(await redeem(token, nonceOf(1)))).toBe('management_failed');
    expect(store.identity(n1)).toBeUndefined();
    admin.broken = false;
    expect(code(await redeem(token, nonceOf(1)))).toBe('ok');
  });

  test('is asked for few things at a time, and for one thing of a node', async () => {
    const { admin, ask, mint } = await begin();
    const nodes = Array.from({ length: 20 }, (_, index) => ({ cluster: 'lab', node: `m${index}` }));
    const tokens = [];
    for (const node of nodes) tokens.push(await mint(node), await mint(node));
    const hold = Promise.withResolvers<void>();
    admin.held = hold.promise;
    const asked = tokens.map(({ token }, index) => ask<Sealed>((reply) => ({ type: 'redeem', request: question(token, nonceOf(index)), reply })).catch(() => undefined));
    await settle(10);
    expect(new Set(admin.calls.filter((call) => call.startsWith('grant'))).size).toBe(4);
    expect(admin.underWay).toBe(4);
    hold.resolve();
    admin.held = undefined;
    await Promise.all(asked);
    await settle(200);
    expect([admin.mostUnderWay, admin.users.size]).toEqual([4, 20]);
  });

  test('sets the policies at the start, again and again until it has', async () => {
    const admin = new FakeAdmin();
    admin.broken = true;
    const { clock, log } = await begin({ admin });
    expect(log.lines.at(-1)).toContain('setting the policies of the broker is tried again');
    admin.broken = false;
    await clock.advance(1_000);
    await settle();
    await clock.advance(100_000);
    await settle();
    expect(admin.calls).toEqual(['policies', 'policies']);
  });

  test('sets them anew when the broker is reached anew: at once, also while it waits to try again, and after what is under way', async () => {
    const admin = new FakeAdmin();
    admin.broken = true;
    const { clock, ref, system } = await begin({ admin });
    admin.broken = false;
    system.tell(ref, { type: 'policies' });
    await settle();
    await clock.advance(100_000);
    await settle();
    expect(admin.calls).toEqual(['policies', 'policies']);
    const hold = Promise.withResolvers<void>();
    admin.held = hold.promise;
    for (let times = 0; times < 3; times += 1) system.tell(ref, { type: 'policies' });
    await settle();
    expect(admin.calls).toHaveLength(3);
    hold.resolve();
    admin.held = undefined;
    await settle();
    expect([admin.calls.length, admin.mostUnderWay]).toEqual([4, 1]);
  });

  test('waits a second again after a failure that follows a success', async () => {
    const { admin, clock, ref, system } = await begin();
    for (let times = 0; times < 3; times += 1) {
      admin.broken = true;
      system.tell(ref, { type: 'policies' });
      await settle();
      admin.broken = false;
      await clock.advance(1_000);
      await settle();
    }
    expect(admin.calls).toHaveLength(7);
  });

  test('that is not there makes every request a refusal with its own code', async () => {
    const { ask, redeem, ref, revoke, system, watching } = await begin({ admin: undefined });
    system.tell(ref, { type: 'policies' });
    const minted = await ask<MintedToken>((reply) => ({ type: 'mint', request: { ...n1, expiresInSeconds: 60 }, reply }));
    expect([code(minted), code(await redeem(`${'A'.repeat(22)}.${'A'.repeat(43)}`, nonceOf(1))), code(await revoke(n2))]).toEqual(['enrolment_off', 'enrolment_off', 'enrolment_off']);
    expect(watching.crashes).toEqual([]);
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
