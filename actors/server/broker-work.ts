// The part of enrolment that tells the broker who may be a node.
//
// What is to be done for a node stands in the store (`openWork`), so it is found again after a crash, and doing it twice changes
// nothing. A node is
//   idle       there is nothing to do.
//   busy       its work is with the administrator, then with the store.
//   waited for either failed: tried again after 1 s, doubling to 30 s, and at once when somebody asks for something new.
//
// The policies go the same way. They are set at the start and whenever the broker was reached anew, for it may be another one by then: newer,
// or without what it knew.
//
// One thing at a time is done for a node, several for different ones, and a revocation comes before what was redeemed after it.
import PQueue from 'p-queue';
import type { Logger } from '../../effects/logger.ts';
import { httpPasswordOf, passwordOf, verifierOf } from '../../protocol/enrolment-seal.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, fail, type Failure, type Result } from '../../protocol/result.ts';
import type { ActorContext } from '../definition.ts';
import { unwritable } from './configuring.ts';
import type { BrokerAdmin, KeptToken, OpenWork } from './enrolment-ports.ts';
import type { Change, Ordered, OrderStore } from './order-ports.ts';
import { nodeKey } from './standings.ts';

export interface SetPolicies {
  readonly type: 'policies';
}

export type BrokerWorkMessage =
  | { readonly type: 'work'; readonly node: NodeAddress }
  /** The administrator has done it, or not. */
  | { readonly type: 'managed'; readonly node: NodeAddress; readonly work: OpenWork; readonly result: Result<void> }
  /** The store knows that it is done, or could not be told. */
  | { readonly type: 'settled'; readonly node: NodeAddress; readonly work: OpenWork; readonly result: Result<Ordered> }
  /** The broker was reached anew. */
  | SetPolicies
  | { readonly type: 'policed'; readonly result: Result<void> }
  | { readonly type: 'failed'; readonly error: unknown };

export interface BrokerWorkPorts {
  readonly store: Pick<OrderStore, 'order' | 'openWork' | 'withOpenWork'>;
  /** Undefined: this server makes no identities. */
  readonly admin: BrokerAdmin | undefined;
  readonly userOf: (node: NodeAddress) => string;
  readonly logger: Logger;
}

/** Hears of every token that the broker was told of, or why not; and of a revocation that is not finished, which holds up what comes after it. */
export interface Outcomes {
  granted(token: KeptToken, result: Result<void>): void;
  hindered(node: NodeAddress, failure: Failure): void;
}

type Context = ActorContext<BrokerWorkMessage>;

const callsAtATime = 4;
const firstRetryMs = 1_000;
const longestRetryMs = 30_000;
/** Stands for the policies where others have a node. */
const policies = '';

const passwordFor = ({ key, nonce }: KeptToken): string | undefined => (key === undefined || nonce === undefined ? undefined : passwordOf(key, nonce));

export class BrokerWork {
  readonly #ports: BrokerWorkPorts;
  readonly #outcomes: Outcomes;
  readonly #calls = new PQueue({ concurrency: callsAtATime });
  readonly #busy = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #retries = new Map<string, () => void>();
  readonly #ending = new AbortController();
  /** The broker was reached anew while its policies were being set. */
  #policiesAgain = false;

  constructor(ports: BrokerWorkPorts, outcomes: Outcomes) {
    this.#ports = ports;
    this.#outcomes = outcomes;
  }

  /** Takes up what was left undone. */
  begin(context: Context): void {
    if (this.#ports.admin === undefined) return;
    context.tell(context.self, { type: 'policies' });
    for (const node of this.#ports.store.withOpenWork()) context.tell(context.self, { type: 'work', node });
  }

  received(message: BrokerWorkMessage, context: Context): void {
    switch (message.type) {
      case 'work':
        this.workOn(message.node, context);
        return;
      case 'managed':
        this.#managed(message, context);
        return;
      case 'settled':
        this.#settled(message, context);
        return;
      case 'policies':
        this.#applyPolicies(context);
        return;
      case 'policed':
        this.#policed(message.result, context);
        return;
      case 'failed':
        throw message.error;
      default:
        assertNever(message);
    }
  }

  /** Begins what is to be done for a node, unless that is under way. */
  workOn({ cluster, node }: NodeAddress, context: Context): void {
    const { admin, store } = this.#ports;
    const address = { cluster, node };
    const key = nodeKey(address);
    const work = store.openWork(address);
    if (admin === undefined || work === undefined || this.#busy.has(key)) return;
    this.#begun(key);
    const { signal } = this.#ending;
    const call = (): Promise<Result<void>> => {
      if (work.type === 'revoke') return admin.revoke(address, signal);
      const password = passwordFor(work.token);
      return password === undefined ? Promise.resolve(fail('token_unknown', 'the token has no key')) : admin.grant(address, password, signal);
    };
    context.pipeToSelf(this.#calls.add(call), (result) => ({ type: 'managed', node: address, work, result }), (error) => ({ type: 'failed', error }));
  }

  /** What did not begin is dropped; what is under way is asked to end and waited for, so that nothing late undoes what a successor does. */
  async release(): Promise<void> {
    this.#ending.abort();
    this.#calls.clear();
    await this.#calls.onIdle();
  }

  #managed({ node, result, work }: Extract<BrokerWorkMessage, { type: 'managed' }>, context: Context): void {
    if (!result.ok) {
      this.#failed(node, work, result.error, context);
      return;
    }
    const granted = (token: KeptToken): Change => ({ type: 'granted', id: token.id, user: this.#ports.userOf(node), verifier: verifierOf(httpPasswordOf(passwordFor(token) ?? '')) });
    const change: Change = work.type === 'grant' ? granted(work.token) : { type: 'revoked', node };
    context.pipeToSelf(
      this.#ports.store.order(change),
      (written) => ({ type: 'settled', node, work, result: written }),
      (error) => ({ type: 'settled', node, work, result: unwritable(error) }),
    );
  }

  #settled({ node, result, work }: Extract<BrokerWorkMessage, { type: 'settled' }>, context: Context): void {
    if (!result.ok) {
      this.#failed(node, work, result.error, context);
      return;
    }
    this.#busy.delete(nodeKey(node));
    this.#failures.delete(nodeKey(node));
    const isDone = result.value.outcome === 'done';
    if (work.type === 'grant') this.#outcomes.granted(work.token, isDone ? { ok: true, value: undefined } : fail('token_unknown', 'the token was withdrawn'));
    if (isDone) this.#ports.logger.info(`the broker ${work.type === 'grant' ? 'knows' : 'has forgotten'} ${node.cluster}/${node.node}`, { ...node });
    this.workOn(node, context);
  }

  #failed(node: NodeAddress, work: OpenWork, error: Failure, context: Context): void {
    this.#busy.delete(nodeKey(node));
    if (work.type === 'grant') this.#outcomes.granted(work.token, { ok: false, error });
    else this.#outcomes.hindered(node, error);
    const name = `${node.cluster}/${node.node}`;
    this.#retry(nodeKey(node), { type: 'work', node }, work.type === 'grant' ? `giving ${name} its identity` : `taking the identity of ${name}`, error, context);
  }

  #applyPolicies(context: Context): void {
    const { admin } = this.#ports;
    this.#policiesAgain = this.#busy.has(policies);
    if (admin === undefined || this.#policiesAgain) return;
    this.#begun(policies);
    context.pipeToSelf(this.#calls.add(() => admin.applyPolicies(this.#ending.signal)), (result) => ({ type: 'policed', result }), (error) => ({ type: 'failed', error }));
  }

  #policed(result: Result<void>, context: Context): void {
    this.#busy.delete(policies);
    if (result.ok) this.#failures.delete(policies);
    if (this.#policiesAgain) this.#applyPolicies(context);
    else if (!result.ok) this.#retry(policies, { type: 'policies' }, 'setting the policies of the broker', result.error, context);
  }

  /** What was tried in vain is not waited for. */
  #begun(key: string): void {
    this.#busy.add(key);
    this.#retries.get(key)?.();
    this.#retries.delete(key);
  }

  #retry(key: string, message: BrokerWorkMessage, what: string, { code, message: reason }: Failure, context: Context): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const retryInMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1));
    this.#ports.logger.warn(`${what} is tried again: ${reason}`, { code, retryInMs });
    this.#retries.get(key)?.();
    this.#retries.set(key, context.later(retryInMs, message));
  }
}
