// What enrolment needs: tokens and identities as the store keeps them, and the broker as its administrator changes it.
import type { NodeAddress } from '../../protocol/identity.ts';
import type { Result } from '../../protocol/result.ts';

/**
 * `minted`: nobody has used it. `redeeming`: somebody has, with one nonce, and the broker has not been told all of it. `redeemed`:
 * the broker has been. `withdrawn`: by a revocation, or by a later token of the same node.
 */
export const tokenStates = ['minted', 'redeeming', 'redeemed', 'withdrawn'] as const;
export type TokenState = (typeof tokenStates)[number];

/** `active`: the broker knows its user. `revoking`: it may still. `revoked`: it does not. */
export const identityStates = ['active', 'revoking', 'revoked'] as const;
export type IdentityState = (typeof identityStates)[number];

/** A token without anything secret. Times are the server's wall clock, milliseconds since the epoch. */
export interface TokenRecord extends NodeAddress {
  readonly id: string;
  readonly state: TokenState;
  readonly mintedAt: number;
  readonly expiresAt: number;
}

/** A token as only the actor sees it. */
export interface KeptToken extends TokenRecord {
  /** Derived from its secret; undefined once its time is over. */
  readonly key: string | undefined;
  /** Of whoever redeems it. */
  readonly nonce: string | undefined;
}

/** What a program on a node shows besides its words: who it is when it does so. */
export interface Credential extends NodeAddress {
  /** Of its password for HTTP (protocol/enrolment-seal.ts). */
  readonly verifier: string;
}

export interface IdentityRecord extends NodeAddress {
  readonly user: string;
  readonly state: IdentityState;
  readonly changedAt: number;
}

/** What follows a position, the oldest first; without `after`, the newest. */
export interface PageQuery {
  readonly after?: number;
  readonly limit: number;
}

/** With its place in a list: of two, the later one's is greater, and none's ever changes. */
export type Placed<T> = T & { readonly position: number };

/** Each is one transaction, and says whether it was made. */
export type EnrolmentChange =
  | { readonly type: 'mint'; readonly token: NodeAddress & { readonly id: string; readonly key: string; readonly expiresAt: number } }
  /** minted -> redeeming. `known`: by this nonce already. `conflict`: by another, or it is withdrawn or gone. */
  | { readonly type: 'redeem'; readonly id: string; readonly nonce: string }
  /** redeeming -> redeemed, the identity is active, and earlier tokens that were redeemed for it are withdrawn. `conflict`: it was withdrawn meanwhile. */
  | { readonly type: 'granted'; readonly id: string; readonly user: string; readonly verifier: string }
  /** Every token of the node is withdrawn, and the identity is revoking, from whatever it was. `conflict`: there is neither. */
  | { readonly type: 'revoke'; readonly node: NodeAddress; readonly user: string }
  /** revoking -> revoked. */
  | { readonly type: 'revoked'; readonly node: NodeAddress }
  /** Keys of tokens whose time is over are forgotten, and a week later the tokens. */
  | { readonly type: 'tidy' };

/** What the broker has not been told yet. A revocation comes before whatever was redeemed after it. */
export type OpenWork = { readonly type: 'revoke' } | { readonly type: 'grant'; readonly token: KeptToken };

export interface EnrolmentStore {
  token(id: string): KeptToken | undefined;
  /** In the order in which they were made. */
  tokens(page: PageQuery): ReadonlyArray<Placed<TokenRecord>>;
  identity(node: NodeAddress): IdentityRecord | undefined;
  /** Of an active identity that was given since stores keep verifiers. */
  credential(user: string): Credential | undefined;
  /** In the order in which their nodes had one first. */
  identities(page: PageQuery): ReadonlyArray<Placed<IdentityRecord>>;
  openWork(node: NodeAddress): OpenWork | undefined;
  /** Nodes that have some. */
  withOpenWork(): readonly NodeAddress[];
}

/**
 * The broker's administrator. Everything may be done again, and ends in the same. Fails with `management_failed`. Once `stop` is aborted
 * it asks the broker for nothing more: it fails as soon as there is an answer to what it has asked, or three seconds have gone by.
 */
export interface BrokerAdmin {
  /** There is such a user, it has this password, and may do what a node may. */
  grant(node: NodeAddress, password: string, stop: AbortSignal): Promise<Result<void>>;
  /** There is no such user, no connection of it, and no queue of the node. */
  revoke(node: NodeAddress, stop: AbortSignal): Promise<Result<void>>;
  applyPolicies(stop: AbortSignal): Promise<Result<void>>;
}
