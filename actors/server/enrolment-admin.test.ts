import { describe, expect, test } from '@jest/globals';
import type { NodeAddress } from '../../protocol/identity.ts';
import { settle } from '../testing/world.ts';
import type { MintedToken, Sealed } from './enrolment.ts';
import { FakeAdmin } from './testing/fake-admin.ts';
import { begin, code, n1, nonceOf, question, useEnrolmentStage } from './testing/enrolment-stage.ts';

useEnrolmentStage();

const n2: NodeAddress = { cluster: 'lab', node: 'n2' };

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
