// Tokens and identities of a store, in memory: they keep the promises of their port.
import type { NodeAddress } from '../../../protocol/identity.ts';
import { assertNever } from '../../../protocol/result.ts';
import type { Credential, EnrolmentChange, EnrolmentStore, IdentityRecord, KeptToken, OpenWork, PageQuery, Placed, TokenRecord } from '../enrolment-ports.ts';
import type { Ordered } from '../order-ports.ts';
import { nodeKey } from '../standings.ts';

const weekMs = 7 * 24 * 3_600_000;

const pageOf = <T>(records: readonly T[], { after, limit }: PageQuery): ReadonlyArray<Placed<T>> => {
  const placed = records.map((record, index) => ({ position: index + 1, ...record }));
  return after === undefined ? placed.slice(-limit) : placed.slice(after, after + limit);
};

export class MemoryEnrolments implements EnrolmentStore {
  readonly #tokens = new Map<string, KeptToken>();
  readonly #identities = new Map<string, IdentityRecord>();
  readonly #verifiers = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  order(change: EnrolmentChange): Ordered {
    switch (change.type) {
      case 'mint':
        this.#tokens.set(change.token.id, { ...change.token, state: 'minted', nonce: undefined, mintedAt: this.#now() });
        return { outcome: 'done' };
      case 'redeem': {
        const found = this.#tokens.get(change.id);
        if (found?.state !== 'minted') return { outcome: found?.nonce === change.nonce && found.state !== 'withdrawn' ? 'known' : 'conflict' };
        this.#put({ ...found, state: 'redeeming', nonce: change.nonce });
        return { outcome: 'done' };
      }
      case 'granted': {
        const found = this.#tokens.get(change.id);
        if (found?.state !== 'redeeming') return { outcome: 'conflict' };
        for (const token of this.#of(found)) if (token.state === 'redeemed') this.#put({ ...token, state: 'withdrawn', key: undefined });
        this.#put({ ...found, state: 'redeemed' });
        this.#stand(found, change.user, 'active');
        this.#verifiers.set(change.user, change.verifier);
        return { outcome: 'done' };
      }
      case 'revoke':
        if (this.#of(change.node).length === 0 && this.identity(change.node) === undefined) return { outcome: 'conflict' };
        for (const token of this.#of(change.node)) this.#put({ ...token, state: 'withdrawn', key: undefined });
        this.#stand(change.node, change.user, 'revoking');
        return { outcome: 'done' };
      case 'revoked': {
        const found = this.identity(change.node);
        if (found?.state === 'revoking') this.#stand(change.node, found.user, 'revoked');
        return { outcome: 'done' };
      }
      case 'tidy':
        for (const token of this.#tokens.values()) {
          if (token.state === 'redeeming' || token.expiresAt > this.#now()) continue;
          if (token.expiresAt <= this.#now() - weekMs) this.#tokens.delete(token.id);
          else this.#put({ ...token, key: undefined });
        }
        return { outcome: 'done' };
      default:
        return assertNever(change);
    }
  }

  token(id: string): KeptToken | undefined {
    return this.#tokens.get(id);
  }

  tokens(page: PageQuery): ReadonlyArray<Placed<TokenRecord>> {
    return pageOf([...this.#tokens.values()], page);
  }

  identity(node: NodeAddress): IdentityRecord | undefined {
    return this.#identities.get(nodeKey(node));
  }

  credential(user: string): Credential | undefined {
    const found = [...this.#identities.values()].find((identity) => identity.user === user && identity.state === 'active');
    const verifier = this.#verifiers.get(user);
    return found === undefined || verifier === undefined ? undefined : { cluster: found.cluster, node: found.node, verifier };
  }

  identities(page: PageQuery): ReadonlyArray<Placed<IdentityRecord>> {
    return pageOf([...this.#identities.values()], page);
  }

  openWork(node: NodeAddress): OpenWork | undefined {
    if (this.identity(node)?.state === 'revoking') return { type: 'revoke' };
    const token = this.#of(node).find(({ state }) => state === 'redeeming');
    return token === undefined ? undefined : { type: 'grant', token };
  }

  withOpenWork(): readonly NodeAddress[] {
    const nodes = [...this.#tokens.values(), ...this.#identities.values()].filter((node) => this.openWork(node) !== undefined);
    return [...new Map(nodes.map(({ cluster, node }) => [nodeKey({ cluster, node }), { cluster, node }])).values()];
  }

  #of(node: NodeAddress): readonly KeptToken[] {
    return [...this.#tokens.values()].filter((token) => nodeKey(token) === nodeKey(node));
  }

  #put(token: KeptToken): void {
    this.#tokens.set(token.id, token);
  }

  #stand({ cluster, node }: NodeAddress, user: string, state: IdentityRecord['state']): void {
    this.#identities.set(nodeKey({ cluster, node }), { cluster, node, user, state, changedAt: this.#now() });
  }
}
