// Conditions that somebody set, by name: kept beside those of the health checks, so that a server which has lost them is told again.
//
// A name: not known -> set, and again in other words -> NA, which the server forgets and this node keeps for a while. The ids of the
// last requests stay with it: a request that went by the socket and by the spool is one, also when another one came in between.
// One that waited in the spool while a newer one came by the socket is passed over: the newest said how things are.
import { conditionStatuses } from '../../../protocol/events.ts';
import type { Json } from '../../../protocol/configuration.ts';
import type { LocalRequestOf } from '../../../protocol/local.ts';
import type { Result } from '../../../protocol/result.ts';
import { isTree } from '../../../protocol/tree.ts';
import type { Reply } from '../../ref.ts';
import type { ReportedEvent } from '../messaging/accept.ts';
import type { NodeState, StateChange } from '../state.ts';

/** Answered when it is durable. Fails with `request_invalid` when the name is that of a health check. */
export interface SetCondition {
  readonly type: 'condition';
  readonly request: LocalRequestOf<'condition'>;
  readonly reply: Reply<Result<void>>;
}

const texts = ['message', 'description', 'details', 'recommendation', 'actionType', 'ghrCategory'] as const;

type Texts = Readonly<Partial<Record<(typeof texts)[number], string>>>;

export interface SetByHand extends Texts {
  readonly status: (typeof conditionStatuses)[number];
  /** It has this status since then: wall clock, milliseconds. */
  readonly since: number;
}

interface Kept extends SetByHand {
  readonly at: number;
  readonly ids: readonly string[];
}

const prefix = 'condition/';
/** As many as the server keeps of a node. */
const most = 256;
const rememberedIds = 16;

const textsOf = (from: Readonly<Record<string, unknown>>): Texts =>
  Object.fromEntries(texts.flatMap((name) => (typeof from[name] === 'string' ? [[name, from[name]] as const] : [])));

/** What is found under a key was written by this program, or is as good as nothing. */
const readKept = (json: Json | undefined): Kept | undefined => {
  if (!isTree(json)) return undefined;
  const status = conditionStatuses.find((known) => known === json['status']);
  const { at, ids, since } = json;
  if (status === undefined || typeof at !== 'number' || typeof since !== 'number' || !Array.isArray(ids)) return undefined;
  return { ...textsOf(json), status, since, at, ids: ids.filter((id: Json) => typeof id === 'string') };
};

const withId = (ids: readonly string[], id: string): readonly string[] => [...ids, id].slice(-rememberedIds);

export class SetConditions {
  readonly #state: Pick<NodeState, 'get' | 'keys'>;

  constructor(state: Pick<NodeState, 'get' | 'keys'>) {
    this.#state = state;
  }

  /** Those that stand, in order of name. */
  all(): ReadonlyArray<readonly [name: string, condition: SetByHand]> {
    return this.#kept().flatMap(([name, { at: _at, ids: _ids, ...condition }]) => (condition.status === 'NA' ? [] : [[name, condition] as const]));
  }

  /** Whether this request was taken before. */
  knows({ id, name }: LocalRequestOf<'condition'>): boolean {
    return this.#find(name)?.ids.includes(id) === true;
  }

  /**
   * Whether it was made before what stands, `now` being the wall clock. What seems to be of the future was made before that clock was
   * put back, and nobody knows how long ago.
   */
  isOutdated({ at, name }: LocalRequestOf<'condition'>, now: number): boolean {
    const before = this.#find(name);
    return before !== undefined && at < before.at && before.at <= now;
  }

  /** It is known from now on, and that is all. */
  passedOver({ id, name }: LocalRequestOf<'condition'>): readonly StateChange[] {
    const before = this.#find(name);
    return before === undefined ? [] : [{ key: `${prefix}${name}`, value: { ...before, ids: withId(before.ids, id) } }];
  }

  changesFor(request: LocalRequestOf<'condition'>): readonly StateChange[] {
    const { at, id, name, status } = request;
    const before = this.#find(name);
    const value = { ...textsOf(request), status, since: before?.status === status ? before.since : at, at, ids: withId(before?.ids ?? [], id) };
    return [{ key: `${prefix}${name}`, value }, ...(before === undefined ? this.#outdated() : [])];
  }

  /** A health check has this name now. */
  without(name: string): readonly StateChange[] {
    return this.#find(name) === undefined ? [] : [{ key: `${prefix}${name}`, value: undefined }];
  }

  eventFor(name: string, { since: _since, ...said }: SetByHand, stamp: { readonly id: string; readonly at: number }): ReportedEvent {
    return { kind: 'condition', ...stamp, name, ...said };
  }

  eventOf(request: LocalRequestOf<'condition'>): ReportedEvent {
    const { at, id, name, status } = request;
    return { kind: 'condition', id, at, name, status, ...textsOf(request) };
  }

  /** Room for one more: those that say nothing any more give way first, then the oldest. */
  #outdated(): readonly StateChange[] {
    const byWorth = this.#kept().toSorted(([, one], [, other]) => Number(one.status === 'NA') - Number(other.status === 'NA') || other.at - one.at);
    return byWorth.slice(most - 1).map(([name]) => ({ key: `${prefix}${name}`, value: undefined }));
  }

  #find(name: string): Kept | undefined {
    return readKept(this.#state.get(`${prefix}${name}`));
  }

  #kept(): ReadonlyArray<readonly [name: string, kept: Kept]> {
    return this.#state.keys(prefix).flatMap((key) => {
      const name = key.slice(prefix.length);
      const kept = this.#find(name);
      return kept === undefined ? [] : [[name, kept] as const];
    });
  }
}
