// Tokens and identities.
//
// A token:      minted -> redeeming -> redeemed          with the first nonce that proves its secret, and no other
//               any -> withdrawn                         by a revocation of its node; redeemed ones by a later token of the node
// An identity:  active -> revoking -> revoked -> active  active again by a new token alone
//
// What is kept of an identity's password goes with its activity. Nothing leads a token back. Its key goes when its time is over, unless the broker is still to be told; the token goes a week later.
import {
  identityStates,
  tokenStates,
  type Credential,
  type EnrolmentChange,
  type EnrolmentStore,
  type IdentityRecord,
  type KeptToken,
  type OpenWork,
  type PageQuery,
  type Placed,
  type TokenRecord,
} from '../../actors/server/enrolment-ports.ts';
import type { Ordered } from '../../actors/server/order-ports.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever } from '../../protocol/result.ts';
import { integerOf, optionalTextOf, textOf, type Row } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';

const keptMs = 7 * 24 * 3_600_000;

const oneOf = <T extends string>(known: readonly T[], row: Row): T => {
  const state = known.find((each) => each === row['state']);
  if (state === undefined) throw new TypeError('the store holds an unknown state');
  return state;
};

const addressOf = (row: Row): NodeAddress => ({ cluster: textOf(row, 'cluster'), node: textOf(row, 'node') });

const tokenOf = (row: Row): TokenRecord => ({
  ...addressOf(row),
  id: textOf(row, 'id'),
  state: oneOf(tokenStates, row),
  mintedAt: integerOf(row, 'minted_at'),
  expiresAt: integerOf(row, 'expires_at'),
});

const keptTokenOf = (row: Row): KeptToken => ({ ...tokenOf(row), key: optionalTextOf(row, 'key'), nonce: optionalTextOf(row, 'nonce') });

const identityOf = (row: Row): IdentityRecord => ({ ...addressOf(row), user: textOf(row, 'user'), state: oneOf(identityStates, row), changedAt: integerOf(row, 'changed_at') });

/** Pages of a table whose key is `number`. */
class Listing {
  readonly #after: Statement;
  readonly #newest: Statement;

  constructor(database: Database, table: 'tokens' | 'identities') {
    this.#after = database.prepare(`SELECT * FROM ${table} WHERE number > ? ORDER BY number LIMIT ?`);
    this.#newest = database.prepare(`SELECT * FROM (SELECT * FROM ${table} ORDER BY number DESC LIMIT ?) ORDER BY number`);
  }

  page<T>({ after, limit }: PageQuery, recordOf: (row: Row) => T): ReadonlyArray<Placed<T>> {
    const rows = after === undefined ? this.#newest.all(limit) : this.#after.all(after, limit);
    return rows.map((row) => ({ position: integerOf(row, 'number'), ...recordOf(row) }));
  }
}

const done: Ordered = { outcome: 'done' };

export class Enrolments implements EnrolmentStore {
  readonly #mint: Statement;
  readonly #redeem: Statement;
  readonly #granted: Statement;
  readonly #supersede: Statement;
  readonly #activate: Statement;
  readonly #withdraw: Statement;
  readonly #revoke: Statement;
  readonly #revoked: Statement;
  readonly #tidy: readonly Statement[];
  readonly #token: Statement;
  readonly #tokens: Listing;
  readonly #identity: Statement;
  readonly #credential: Statement;
  readonly #identities: Listing;
  readonly #redeeming: Statement;
  readonly #open: Statement;

  constructor(database: Database) {
    const identity = 'INSERT INTO identities (cluster, node, user, changed_at, state, verifier) VALUES (?, ?, ?, ?';
    const again = 'ON CONFLICT (cluster, node) DO UPDATE SET user = excluded.user, state = excluded.state, changed_at = excluded.changed_at, verifier = excluded.verifier';
    this.#mint = database.prepare("INSERT INTO tokens (id, cluster, node, key, state, minted_at, expires_at) VALUES (?, ?, ?, ?, 'minted', ?, ?)");
    this.#redeem = database.prepare("UPDATE tokens SET state = 'redeeming', nonce = ? WHERE id = ? AND state = 'minted'");
    this.#granted = database.prepare("UPDATE tokens SET state = 'redeemed' WHERE id = ? AND state = 'redeeming'");
    this.#supersede = database.prepare("UPDATE tokens SET state = 'withdrawn', key = NULL WHERE cluster = ? AND node = ? AND state = 'redeemed' AND id <> ?");
    this.#activate = database.prepare(`${identity}, 'active', ?) ${again}`);
    this.#withdraw = database.prepare("UPDATE tokens SET state = 'withdrawn', key = NULL WHERE cluster = ? AND node = ?");
    this.#revoke = database.prepare(`${identity}, 'revoking', NULL) ${again}`);
    this.#revoked = database.prepare("UPDATE identities SET state = 'revoked', changed_at = ? WHERE cluster = ? AND node = ? AND state = 'revoking'");
    this.#tidy = [
      database.prepare("UPDATE tokens SET key = NULL WHERE expires_at <= ? AND key IS NOT NULL AND state <> 'redeeming'"),
      database.prepare(`DELETE FROM tokens WHERE expires_at <= ? - ${keptMs} AND state <> 'redeeming'`),
    ];
    this.#token = database.prepare('SELECT * FROM tokens WHERE id = ?');
    this.#tokens = new Listing(database, 'tokens');
    this.#identity = database.prepare('SELECT * FROM identities WHERE cluster = ? AND node = ?');
    this.#credential = database.prepare("SELECT cluster, node, verifier FROM identities WHERE user = ? AND state = 'active' AND verifier IS NOT NULL");
    this.#identities = new Listing(database, 'identities');
    this.#redeeming = database.prepare("SELECT * FROM tokens WHERE cluster = ? AND node = ? AND state = 'redeeming' ORDER BY number LIMIT 1");
    this.#open = database.prepare(`SELECT cluster, node FROM tokens WHERE state = 'redeeming'
      UNION SELECT cluster, node FROM identities WHERE state = 'revoking'`);
  }

  order(change: EnrolmentChange, now: number): Ordered {
    switch (change.type) {
      case 'mint': {
        const { cluster, expiresAt, id, key, node } = change.token;
        this.#mint.run(id, cluster, node, key, now, expiresAt);
        return done;
      }
      case 'redeem': {
        if (this.#redeem.run(change.nonce, change.id).changes === 1) return done;
        const found = this.token(change.id);
        const isSame = found?.nonce === change.nonce && found.state !== 'withdrawn';
        return { outcome: isSame ? 'known' : 'conflict' };
      }
      case 'granted': {
        const token = this.token(change.id);
        if (token === undefined || this.#granted.run(change.id).changes === 0) return { outcome: 'conflict' };
        this.#supersede.run(token.cluster, token.node, token.id);
        this.#activate.run(token.cluster, token.node, change.user, now, change.verifier);
        return done;
      }
      case 'revoke': {
        const withdrawn = this.#withdraw.run(change.node.cluster, change.node.node).changes;
        if (withdrawn === 0 && this.identity(change.node) === undefined) return { outcome: 'conflict' };
        this.#revoke.run(change.node.cluster, change.node.node, change.user, now);
        return done;
      }
      case 'revoked':
        this.#revoked.run(now, change.node.cluster, change.node.node);
        return done;
      case 'tidy':
        for (const statement of this.#tidy) statement.run(now);
        return done;
      default:
        return assertNever(change);
    }
  }

  token(id: string): KeptToken | undefined {
    const row = this.#token.get(id);
    return row === undefined ? undefined : keptTokenOf(row);
  }

  tokens(page: PageQuery): ReadonlyArray<Placed<TokenRecord>> {
    return this.#tokens.page(page, tokenOf);
  }

  identity({ cluster, node }: NodeAddress): IdentityRecord | undefined {
    const row = this.#identity.get(cluster, node);
    return row === undefined ? undefined : identityOf(row);
  }

  credential(user: string): Credential | undefined {
    const row = this.#credential.get(user);
    return row === undefined ? undefined : { ...addressOf(row), verifier: textOf(row, 'verifier') };
  }

  identities(page: PageQuery): ReadonlyArray<Placed<IdentityRecord>> {
    return this.#identities.page(page, identityOf);
  }

  openWork(node: NodeAddress): OpenWork | undefined {
    if (this.identity(node)?.state === 'revoking') return { type: 'revoke' };
    const row = this.#redeeming.get(node.cluster, node.node);
    return row === undefined ? undefined : { type: 'grant', token: keptTokenOf(row) };
  }

  withOpenWork(): readonly NodeAddress[] {
    return this.#open.all().map(addressOf);
  }
}
