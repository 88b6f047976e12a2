// Gives nodes identities on the broker, and takes them away.
//
// A token is minted by an operator and redeemed by its node, once: whoever asks again with the same nonce gets the same answer,
// whoever asks with another is refused. An identity comes of it, and an operator revokes it. Where each stands is in the store
// (server/store/enrolments.ts has the states) before the broker is told (broker-work.ts): what a crash leaves half done is found at the
// next start and done then.
//
// It gives no credentials before the broker knows them, keeps no secret of a token, and logs neither.
import type { Clock } from '../../effects/clock.ts';
import type { Random } from '../../effects/random.ts';
import type { Credentials, EnrolRequest, TokenRequest } from '../../protocol/enrolment.ts';
import { isProof, keyOf, mintToken, passwordOf, seal, tokenText } from '../../protocol/enrolment-seal.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, fail, ok, type Result } from '../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { Reply } from '../ref.ts';
import { BrokerWork, type BrokerWorkMessage, type BrokerWorkPorts } from './broker-work.ts';
import { unwritable } from './configuring.ts';
import type { IdentityState, KeptToken, TokenRecord } from './enrolment-ports.ts';
import type { Ordered, OrderStore } from './order-ports.ts';

export interface MintedToken extends Omit<TokenRecord, 'state' | 'mintedAt'> {
  /** For the node alone: with it anyone is this node, once. */
  readonly token: string;
}

export interface Sealed {
  readonly sealed: string;
}

export interface Revocation extends NodeAddress {
  readonly state: IdentityState;
}

interface Mint {
  readonly type: 'mint';
  readonly request: TokenRequest;
  readonly reply: Reply<Result<MintedToken>>;
}

/** Answered when the broker knows the node. */
interface Redeem {
  readonly type: 'redeem';
  readonly request: EnrolRequest;
  readonly reply: Reply<Result<Sealed>>;
}

/** Answered when it is durable that the node has no identity; the broker follows. */
interface Revoke {
  readonly type: 'revoke';
  readonly node: NodeAddress;
  readonly reply: Reply<Result<Revocation>>;
}

/** What was asked is in the store, or could not be written. */
interface Written {
  readonly type: 'written';
  readonly asked: (Mint & { readonly minted: MintedToken }) | Redeem | Revoke;
  readonly result: Result<Ordered>;
}

export type EnrolmentMessage = Mint | Redeem | Revoke | Written | BrokerWorkMessage | { readonly type: 'tidy' } | { readonly type: 'tidied' };

export interface EnrolmentPorts extends BrokerWorkPorts {
  readonly store: BrokerWorkPorts['store'] & Pick<OrderStore, 'token'>;
  /** What a node is told besides its name and password. */
  readonly broker: Pick<Credentials, 'prefix' | 'urls' | 'ca'>;
  readonly clock: Clock;
  readonly random: Random;
}

interface State {
  readonly work: BrokerWork;
  /** Who waits for the broker, by token. */
  readonly waiting: Map<string, Array<Reply<Result<Sealed>>>>;
}

type Context = ActorContext<EnrolmentMessage>;

const mostTokensWaiting = 1_000;
/** Of one token: its node asks again while it has no answer. */
const mostWaiting = 10;
const tidyMs = 600_000;

const unknown = fail('token_unknown', 'this server knows no such token');
const off = fail('enrolment_off', 'this server makes no identities: start it with --management');
const busy = fail('busy', 'too many nodes are being enrolled: try again');

export const enrolment = (ports: EnrolmentPorts): ActorDefinition<State, EnrolmentMessage> => {
  const { admin, clock, logger, random, store } = ports;

  const write = (asked: Written['asked'], change: Parameters<OrderStore['order']>[0], context: Context): void =>
    context.pipeToSelf(store.order(change), (result) => ({ type: 'written', asked, result }), (error) => ({ type: 'written', asked, result: unwritable(error) }));

  const sealedFor = ({ cluster, id, key, node, nonce }: KeptToken): Result<Sealed> => {
    if (key === undefined || nonce === undefined) return unknown;
    const told: Credentials = { cluster, node, user: ports.userOf({ cluster, node }), password: passwordOf(key, nonce), ...ports.broker };
    return ok({ sealed: seal(key, { id, nonce }, JSON.stringify(told), random) });
  };

  const answer = (waiting: State['waiting'], id: string, result: Result<Sealed>): void => {
    for (const reply of waiting.get(id) ?? []) reply(result);
    waiting.delete(id);
  };

  const wait = ({ waiting, work }: State, token: KeptToken, reply: Reply<Result<Sealed>>, context: Context): void => {
    const before = waiting.get(token.id) ?? [];
    if (waiting.size >= mostTokensWaiting || before.length >= mostWaiting) {
      reply(busy);
      return;
    }
    waiting.set(token.id, [...before, reply]);
    work.workOn(token, context);
  };

  const mint = (asked: Mint, context: Context): void => {
    const { cluster, expiresInSeconds, node } = asked.request;
    const token = mintToken(random);
    const expiresAt = clock.now() + expiresInSeconds * 1_000;
    const minted = { cluster, node, id: token.id, expiresAt, token: tokenText(token) };
    write({ ...asked, minted }, { type: 'mint', token: { cluster, node, id: token.id, key: keyOf(token), expiresAt } }, context);
  };

  /** Why a token cannot be redeemed with this request; undefined when it can, or was with the very same. */
  const refusalOf = ({ cluster, expiresAt, key, node, nonce, state }: KeptToken, request: EnrolRequest): Result<never> | undefined => {
    const name = `${cluster}/${node}`;
    if (state === 'withdrawn') return unknown;
    if (key !== undefined && !isProof(key, request)) {
      logger.warn(`somebody asked to be ${name} without the secret of its token`, { cluster, node });
      return unknown;
    }
    // What was begun in time is brought to its end.
    const isOver = key === undefined || (state !== 'redeeming' && expiresAt <= clock.now());
    if (nonce === undefined) return isOver ? fail('token_expired', `the token for ${name} came after its time`) : undefined;
    if (nonce === request.nonce && !isOver) return undefined;
    logger.warn(`the token for ${name} was shown again`, { cluster, node, code: 'token_used' });
    return fail('token_used', `the token for ${name} was used before`);
  };

  const redeem = (state: State, asked: Redeem, context: Context): void => {
    const { reply, request } = asked;
    const token = store.token(request.id);
    const refused = token === undefined ? unknown : refusalOf(token, request);
    if (token === undefined || refused !== undefined) reply(refused ?? unknown);
    else if (token.state === 'redeemed') reply(sealedFor(token));
    else if (token.state === 'redeeming') wait(state, token, reply, context);
    else write(asked, { type: 'redeem', id: request.id, nonce: request.nonce }, context);
  };

  const revoked = (state: State, { node: { cluster, node }, reply }: Revoke, { outcome }: Ordered, context: Context): void => {
    if (outcome === 'conflict') {
      reply(fail('identity_unknown', `this server has no identity and no token for ${cluster}/${node}`));
      return;
    }
    logger.info(`the identity of ${cluster}/${node} is revoked`, { cluster, node });
    reply(ok({ cluster, node, state: 'revoking' }));
    for (const id of state.waiting.keys()) if (store.token(id)?.state === 'withdrawn') answer(state.waiting, id, unknown);
    state.work.workOn({ cluster, node }, context);
  };

  const written = (state: State, { asked, result }: Written, context: Context): void => {
    if (!result.ok) {
      asked.reply(result);
      return;
    }
    switch (asked.type) {
      case 'mint': {
        const { cluster, node } = asked.minted;
        logger.info(`a token was made for ${cluster}/${node}`, { cluster, node });
        asked.reply(ok(asked.minted));
        return;
      }
      case 'redeem':
        // As if it had only come now: another may have been quicker.
        redeem(state, asked, context);
        return;
      case 'revoke':
        revoked(state, asked, result.value, context);
        return;
      default:
        assertNever(asked);
    }
  };

  return {
    name: 'enrolment',
    start(context) {
      const waiting: State['waiting'] = new Map();
      const work = new BrokerWork(ports, {
        granted: (token, result) => answer(waiting, token.id, result.ok ? sealedFor(token) : result),
        hindered({ cluster, node }, { code, message }) {
          for (const id of waiting.keys()) {
            const token = store.token(id);
            if (token?.cluster === cluster && token.node === node) answer(waiting, id, fail(code, `the revocation of ${cluster}/${node} is not finished: ${message}`));
          }
        },
      });
      work.begin(context);
      context.tell(context.self, { type: 'tidy' });
      return { waiting, work };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'mint':
        case 'redeem':
        case 'revoke':
          if (admin === undefined) message.reply(off);
          else if (message.type === 'mint') mint(message, context);
          else if (message.type === 'redeem') redeem(state, message, context);
          else write(message, { type: 'revoke', node: message.node, user: ports.userOf(message.node) }, context);
          return state;
        case 'written':
          written(state, message, context);
          return state;
        case 'tidy':
          context.pipeToSelf(store.order({ type: 'tidy' }), () => ({ type: 'tidied' }), () => ({ type: 'tidied' }));
          context.later(tidyMs, { type: 'tidy' });
          return state;
        case 'tidied':
          return state;
        default:
          state.work.received(message, context);
          return state;
      }
    },
    release: ({ work }) => work.release(),
  };
};
