// Enrolment on the real store, through generated histories: tokens minted, redeemed, redeemed again, shown with another nonce, nodes
// revoked, time passing, an administrator that fails, and the server killed between any two steps and started again on what it had written.
// Then nothing fails any more, and it must come to rest as the promises say.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Reply } from '../actors/ref.ts';
import { createActorSystem } from '../actors/runtime.ts';
import { enrolment, type EnrolmentMessage, type MintedToken, type Revocation, type Sealed } from '../actors/server/enrolment.ts';
import { FakeAdmin } from '../actors/server/testing/fake-admin.ts';
import { supervise } from '../actors/testing/recorder.ts';
import { settle } from '../actors/testing/world.ts';
import { silentLogger } from '../effects/logger.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { seededRandom, type Random } from '../effects/random.ts';
import { credentials, type EnrolRequest } from '../protocol/enrolment.ts';
import { httpPasswordOf, isPassword, keyOf, parseToken, proofOf, unseal, type Token } from '../protocol/enrolment-seal.ts';
import type { Store } from '../actors/server/ports.ts';
import type { Result } from '../protocol/result.ts';
import { temporaryFolder } from '../storage/testing/temporary-folder.ts';
import { openStore } from './store/store.ts';

const nodes = ['n1', 'n2'] as const;
const addressOf = (node: string) => ({ cluster: 'lab', node });

interface Known {
  readonly node: string;
  readonly token: Token;
  /** The nonces that were answered with credentials, and which password each was told. */
  readonly told: Map<string, string>;
}

type Step =
  | { readonly do: 'mint'; readonly node: string; readonly seconds: number }
  | { readonly do: 'redeem'; readonly token: number; readonly nonce: number }
  | { readonly do: 'revoke'; readonly node: string }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'break' | 'mend' | 'kill' };

const node = fc.constantFrom(...nodes);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mint' as const), node, seconds: fc.constantFrom(10, 3_600) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('redeem' as const), token: fc.nat(20), nonce: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revoke' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(500, 5_000, 60_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('break' as const, 'mend' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
);

/** A step, and for how many turns of the event loop it is let go before the next comes: few, and it is only half done. */
const history = fc.array(fc.tuple(step, fc.constantFrom(0, 1, 2, 4, 8, 40)), { minLength: 1, maxLength: 25 });

/** Mistakes to be planted: each breaks one promise, and the model must find it. */
type Flaw = 'takes any nonce for the first' | 'forgets at a crash what the broker was to be told' | 'leaves tokens good when their node is revoked';

class EnrolmentWorld {
  readonly clock = new ManualClock();
  readonly admin = new FakeAdmin();
  readonly known: Known[] = [];
  /** What must never be, and was. */
  readonly wrongs: string[] = [];
  readonly #random: Random;
  readonly #file: string;
  readonly #flaw: Flaw | undefined;
  /** Of the question that came last. */
  #nonce = '';
  #server: ReturnType<EnrolmentWorld['begin']>;

  constructor(file: string, seed: number, flaw?: Flaw) {
    this.#file = file;
    this.#flaw = flaw;
    this.#random = seededRandom(seed);
    this.#server = this.begin();
  }

  begin() {
    const { admin, clock } = this;
    const opened = openStore(this.#file, { clock });
    if (!opened.ok) throw new Error(opened.error.message);
    const { store } = opened.value;
    const system = createActorSystem({ name: 'model', clock, random: this.#random, logger: silentLogger });
    const definition = enrolment({ store: this.flawed(store), admin, userOf: (of) => of.node, broker: { prefix: 'p', urls: ['amqp://b'] }, clock, random: this.#random, logger: silentLogger });
    system.spawn('enrolment', definition, supervise('end'));
    return { ref: system.ref<EnrolmentMessage>('enrolment'), store, system };
  }

  /** The store as the actor sees it. */
  flawed(store: Store): Store {
    switch (this.#flaw) {
      case undefined:
        return store;
      case 'takes any nonce for the first':
        return {
          ...store,
          token: (id) => {
            const token = store.token(id);
            return token?.nonce === undefined ? token : { ...token, nonce: this.#nonce };
          },
        };
      case 'forgets at a crash what the broker was to be told':
        return { ...store, withOpenWork: () => [] };
      case 'leaves tokens good when their node is revoked':
        return { ...store, order: async (change) => (change.type === 'revoke' ? { ok: true, value: { outcome: 'done' } } : store.order(change)) };
    }
  }

  get store() {
    return this.#server.store;
  }

  ask<T>(message: (reply: Reply<Result<T>>) => EnrolmentMessage, then: (value: T) => void): void {
    const { ref, system } = this.#server;
    void system.ask(ref, message, { timeoutMs: 8_000 }).then((asked) => {
      if (asked.ok && asked.value.ok) then(asked.value.value);
    });
  }

  mint(of: string, expiresInSeconds: number): void {
    this.ask<MintedToken>((reply) => ({ type: 'mint', request: { ...addressOf(of), expiresInSeconds }, reply }), ({ token }) => {
      const parsed = parseToken(token);
      if (parsed.ok) this.known.push({ node: of, token: parsed.value, told: new Map() });
    });
  }

  redeem({ node: of, token, told }: Known, nonceSeed: number): void {
    const nonce = Buffer.from(seededRandom(nonceSeed).bytes(32)).toString('base64url');
    const { id } = token;
    const key = keyOf(token);
    const request: EnrolRequest = { id, nonce, proof: proofOf(key, id, nonce) };
    this.#nonce = nonce;
    this.ask<Sealed>((reply) => ({ type: 'redeem', request, reply }), ({ sealed }) => {
      const given = credentials.parse(JSON.parse(unseal(key, { id, nonce }, sealed) ?? 'null'));
      if (given.cluster !== 'lab' || given.node !== of) this.wrongs.push(`the token of ${of} gave the credentials of ${given.node}`);
      if ((told.get(nonce) ?? given.password) !== given.password) this.wrongs.push(`the same question of ${of} had two answers`);
      told.set(nonce, given.password);
      if (told.size > 1) this.wrongs.push(`the token of ${of} was good twice`);
    });
  }

  revoke(of: string): void {
    const given = new Set(this.known.map(({ token }) => token.id));
    this.ask<Revocation>((reply) => ({ type: 'revoke', node: addressOf(of), reply }), () => {
      // From the answer on nothing that was given before is good, whatever the broker is still to be told.
      const alive = this.known.filter(({ node: whose, token }) => whose === of && given.has(token.id) && this.store.token(token.id)?.state !== 'withdrawn');
      if (alive.length > 0) this.wrongs.push(`a token of ${of} outlived its revocation`);
    });
  }

  /** Ends without warning, and begins on what is in the file. What was asked of the broker may have happened or not. */
  async kill(): Promise<void> {
    const { store, system } = this.#server;
    system.stop();
    // What the broker was asked for when the server died has happened or never will.
    await settle(3);
    await store.close();
    this.#server = this.begin();
  }

  async rest(): Promise<void> {
    this.admin.broken = false;
    for (let seconds = 0; seconds < 40; seconds += 1) {
      await this.clock.advance(1_000);
      await settle(8);
    }
  }

  async dispose(): Promise<void> {
    this.#server.system.stop();
    await this.store.close();
  }
}

const apply = async (world: EnrolmentWorld, step: Step): Promise<void> => {
  switch (step.do) {
    case 'mint':
      world.mint(step.node, step.seconds);
      return;
    case 'redeem': {
      const known = world.known[step.token % Math.max(1, world.known.length)];
      if (known !== undefined) world.redeem(known, step.nonce);
      return;
    }
    case 'revoke':
      world.revoke(step.node);
      return;
    case 'pass':
      await world.clock.advance(step.ms);
      return;
    case 'break':
    case 'mend':
      world.admin.broken = step.do === 'break';
      return;
    case 'kill':
      await world.kill();
  }
};

/** Whether every promise holds for a history, told by throwing. */
const promises = (flaw?: Flaw) =>
  fc.asyncProperty(history, fc.integer(), async (steps, seed) => {
    await using folder = await temporaryFolder();
    const world = new EnrolmentWorld(folder.at('store.db'), seed, flaw);
    try {
      for (const [one, turns] of steps) {
        await apply(world, one);
        await settle(turns);
      }
      await world.rest();
      const { admin, store } = world;
      expect(store.withOpenWork()).toEqual([]);
      expect(store.tokens({ limit: 1_000 }).filter(({ state }) => state === 'redeeming')).toEqual([]);
      for (const name of nodes) {
        const state = store.identity(addressOf(name))?.state;
        expect([name, state, admin.passwordOf(addressOf(name)) !== undefined]).toEqual([name, state, state === 'active']);
      }
      // Whoever was told something by a token that still stands is who the broker lets in.
      const standing = world.known.filter(({ told, token }) => told.size > 0 && store.token(token.id)?.state === 'redeemed');
      expect(standing.map(({ told }) => [...told.values()][0])).toEqual(standing.map(({ node: of }) => admin.passwordOf(addressOf(of))));
      // And what it derives from that for HTTP is known; of whoever is not active nothing is.
      for (const { node: of, told } of standing) expect(isPassword(store.credential(of)?.verifier ?? '', httpPasswordOf([...told.values()][0] ?? ''))).toBe(true);
      for (const name of nodes) expect([name, store.credential(name) !== undefined]).toEqual([name, store.identity(addressOf(name))?.state === 'active']);
      expect(world.wrongs).toEqual([]);
    } finally {
      await world.dispose();
    }
  });

describe('enrolment, whatever comes in whichever order', () => {
  test('gives each token to one nonce, leaves no user that is not active and no active node without one, and forgets nothing that was begun', async () => {
    await fc.assert(promises(), { numRuns: Number(process.env['JETPACK_MODEL_RUNS'] ?? 30) });
  });

  test.each<readonly [Flaw, string]>([
    ['takes any nonce for the first', 'was good twice'],
    ['forgets at a crash what the broker was to be told', 'toEqual'],
    ['leaves tokens good when their node is revoked', 'outlived its revocation'],
  ])('is found out when it %s', async (flaw, said) => {
    const found = await fc.check(promises(flaw), { numRuns: 300, seed: 1, endOnFailure: true });
    expect([found.failed, String(found.errorInstance)]).toEqual([true, expect.stringContaining(said)]);
  }, 60_000);
});
