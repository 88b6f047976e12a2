// What the tests of enrolment share.
import { afterEach } from '@jest/globals';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import type { EnrolRequest } from '../../../protocol/enrolment.ts';
import { keyOf, parseToken, proofOf } from '../../../protocol/enrolment-seal.ts';
import type { NodeAddress } from '../../../protocol/identity.ts';
import type { Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { enrolment, type EnrolmentMessage, type MintedToken, type Revocation, type Sealed } from '../enrolment.ts';
import { FakeAdmin } from './fake-admin.ts';
import { MemoryStore } from './memory-store.ts';

export const n1: NodeAddress = { cluster: 'lab', node: 'n1' };

const worlds: World[] = [];

export const nonceOf = (seed: number): string => Buffer.from(seededRandom(seed).bytes(32)).toString('base64url');

/** What a node asks with a token. */
export const question = (text: string, nonce: string): EnrolRequest => {
  const token = parseToken(text);
  if (!token.ok) throw new Error(token.error.message);
  const { id } = token.value;
  return { id, nonce, proof: proofOf(keyOf(token.value), id, nonce) };
};

export const begin = async (more: { readonly admin?: FakeAdmin | undefined; readonly store?: MemoryStore; readonly world?: World } = {}) => {
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

export const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

/** For each test of the file that calls it. */
export const useEnrolmentStage = (): void => {
  afterEach(() => {
    for (const { system } of worlds.splice(0)) system.stop();
  });
};
