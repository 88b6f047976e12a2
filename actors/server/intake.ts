// Stands in front of the store and puts what nodes send into order. Pure but for asking the store how far it is.
//
// A lane of a stream:
//   idle      nothing held: not in memory at all; the store knows how far it is.
//   waiting   nothing of it is applied, and the stream before it is not applied far enough: that is asked for.
//   gapped    what is held starts beyond the next sequence: the range between is asked for.
//   applying  a run without holes is with the store; what comes in the meantime is held.
//
// What is applied already is answered with `applied` again, for the node cannot have heard it. What is held is bounded, a
// lane and over all (then the node not heard from for the longest gives way); dropping it loses nothing, since a node keeps
// what is not applied and sends it again. For the same reason it needs no timer: a request that was lost is made again,
// at most once a second, when the node sends again.
//
// It never hands the store a run that does not follow what is applied, nor two runs of a lane at a time.
import type { FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, type Result } from '../../protocol/result.ts';
import { incomingEntry } from './intake-entry.ts';
import { IntakeLane, type Tally } from './intake-lane.ts';
import type { Batch, BatchOutcome, EventStore, IncomingEntry } from './ports.ts';

export type IntakeStep =
  /** Give it to the store, and the outcome to `settled`. */
  | { readonly type: 'apply'; readonly batch: Batch }
  | { readonly type: 'applied'; readonly to: NodeAddress; readonly body: FrameOf<'applied'>['body'] }
  | { readonly type: 'resend'; readonly to: NodeAddress; readonly body: FrameOf<'resend'>['body'] }
  /** `batch` came from a node that does not own its stream; it was dropped. */
  | { readonly type: 'conflict'; readonly batch: Batch; readonly owner: NodeAddress };

type EventsBody = FrameOf<'events'>['body'];

/** Frames of one lane, with what came with each entry. */
interface ArrivedBody extends Omit<EventsBody, 'entries'> {
  readonly entries: ReadonlyArray<EventsBody['entries'][number] & Pick<IncomingEntry, 'clockOffsetMs'>>;
}

export type IntakeBounds = Readonly<Tally>;

/** The same range is asked for again after this long, milliseconds. */
const askAgainMs = 1_000;

/** Entries and bytes that may be held over all lanes. */
const defaultBounds: IntakeBounds = { entries: 65_536, bytes: 64 * 1024 * 1024 };

const keyOf = ({ cluster, node }: NodeAddress): string => JSON.stringify([cluster, node]);

/** `now` is monotonic milliseconds throughout. */
export class Intake {
  readonly #store: Pick<EventStore, 'appliedOf'>;
  readonly #bounds: IntakeBounds;
  readonly #held: Tally = { entries: 0, bytes: 0 };
  /** Lanes with something held or applying, by node; the node heard from last is last. */
  readonly #nodes = new Map<string, IntakeLane[]>();

  constructor(store: Pick<EventStore, 'appliedOf'>, bounds = defaultBounds) {
    this.#store = store;
    this.#bounds = bounds;
  }

  /** What is held over all lanes. */
  get held(): Readonly<Tally> {
    return this.#held;
  }

  received(from: NodeAddress, body: ArrivedBody, now: number): readonly IntakeStep[] {
    const { stream, lane: name, after, entries } = body;
    if (entries.length === 0) return [];
    const lane = this.#laneOf({ from, stream, lane: name });
    lane.after = after;
    const applied = this.#store.appliedOf(stream, name);
    let repeats = 0;
    for (const { clockOffsetMs, event, sequence } of entries) {
      const entry = incomingEntry(sequence, event, clockOffsetMs);
      if (entry.through <= applied) repeats += 1;
      else lane.hold(entry);
    }
    const steps = this.#advance(lane, now);
    this.#shed();
    // While a batch is with the store its outcome will be answered.
    return repeats > 0 && !lane.applying ? [{ type: 'applied', to: from, body: { stream, lane: name, sequence: applied } }, ...steps] : steps;
  }

  /** The store's answer to a batch. After a failure nothing is tried again here: the node sends it again. */
  settled(batch: Batch, result: Result<BatchOutcome>, now: number): readonly IntakeStep[] {
    const lane = this.#laneOf(batch);
    lane.applying = false;
    if (!result.ok) {
      if (lane.isEmpty) this.#forget(lane);
      return [];
    }
    switch (result.value.outcome) {
      case 'conflict':
        this.#forget(lane);
        return [{ type: 'conflict', batch, owner: result.value.owner }];
      case 'gap':
        return this.#advance(lane, now);
      case 'applied': {
        const { from: to, stream, lane: name } = batch;
        const lanes = this.#nodes.get(keyOf(to)) ?? [];
        const successors = lanes.filter((other) => other.after?.stream === stream && other.origin.lane === name);
        return [
          { type: 'applied', to, body: { stream, lane: name, sequence: result.value.applied } },
          ...[lane, ...successors].flatMap((next) => this.#advance(next, now)),
        ];
      }
      default:
        return assertNever(result.value);
    }
  }

  #advance(lane: IntakeLane, now: number): readonly IntakeStep[] {
    if (lane.applying) return [];
    const { origin, after } = lane;
    const applied = this.#store.appliedOf(origin.stream, origin.lane);
    if (applied === 0 && after !== undefined) {
      const before = this.#store.appliedOf(after.stream, origin.lane);
      if (before < after.sequence) return this.#ask(lane, after.stream, before + 1, after.sequence, now);
    }
    const entries = lane.take(applied);
    if (entries.length > 0) {
      lane.applying = true;
      return [{ type: 'apply', batch: { ...origin, entries } }];
    }
    const gap = lane.gap(applied);
    if (gap !== undefined) return this.#ask(lane, origin.stream, gap.from, gap.to, now);
    this.#forget(lane);
    return [];
  }

  #ask(lane: IntakeLane, stream: string, from: number, to: number, now: number): readonly IntakeStep[] {
    const { asked } = lane;
    if (asked !== undefined && asked.stream === stream && asked.from === from && now - asked.at < askAgainMs) return [];
    lane.asked = { stream, from, at: now };
    return [{ type: 'resend', to: lane.origin.from, body: { stream, lane: lane.origin.lane, from, to } }];
  }

  /** The lane, made if need be; its node is the one heard from last. */
  #laneOf({ from, stream, lane: name }: IntakeLane['origin']): IntakeLane {
    const key = keyOf(from);
    const lanes = this.#nodes.get(key) ?? [];
    this.#nodes.delete(key);
    this.#nodes.set(key, lanes);
    const found = lanes.find(({ origin }) => origin.stream === stream && origin.lane === name);
    if (found !== undefined) return found;
    const lane = new IntakeLane({ from, stream, lane: name }, this.#held);
    lanes.push(lane);
    return lane;
  }

  #forget(lane: IntakeLane): void {
    lane.clear();
    const key = keyOf(lane.origin.from);
    const others = (this.#nodes.get(key) ?? []).filter((other) => other !== lane);
    if (others.length === 0) this.#nodes.delete(key);
    else this.#nodes.set(key, others);
  }

  #shed(): void {
    for (const lanes of this.#nodes.values()) {
      if (this.#held.entries <= this.#bounds.entries && this.#held.bytes <= this.#bounds.bytes) return;
      for (const lane of lanes) {
        if (lane.applying) lane.clear();
        else this.#forget(lane);
      }
    }
  }
}
