// The wish of `jetpack shutdown` that the server end this node: kept with the events that tell of it, in one transaction each.
//
//   none -> open         somebody asked. Asked again in other words, it is the same wish in the new ones; in the same words, nothing
//   open -> none         it was cancelled, or the machine has begun anew since: it was ended then, and is not to be ended again
//
// Every step reads what is durable, and is made before the next one begins. It ends nothing.
import type { BootClock } from '../../../effects/boot-clock.ts';
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { shutdownCauses, shutdownWays, type EventOf, type ShutdownCause, type ShutdownWay } from '../../../protocol/events.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import { isTree } from '../../../protocol/tree.ts';
import { bootMoment, isOfThisBoot, type BootMoment } from '../boot-moment.ts';
import type { NodeState, PendingReport } from '../state.ts';

export interface Wish {
  readonly cause: ShutdownCause;
  readonly way: ShutdownWay;
  readonly reason: string | undefined;
}

export interface ShutdownView {
  /** Absent: there is no wish. */
  readonly request?: string;
  /** When it was first asked, by the wall clock, milliseconds since the epoch; absent for one that an earlier version kept. */
  readonly since?: number;
  readonly cause?: ShutdownCause;
  readonly way?: ShutdownWay;
  readonly reason?: string;
  /** The answer to a request: the same stood already. */
  readonly already?: boolean;
  /** The answer to `cancel`: whether there was one. */
  readonly cancelled?: boolean;
}

interface Kept extends Wish, BootMoment {
  readonly request: string;
  readonly since: number | undefined;
}

export interface WishPorts {
  readonly state: NodeState;
  readonly bootClock: BootClock;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const stateKey = 'shutdown';

/** What is found under the key was written by this program, or is as good as nothing. */
const readKept = (json: Json | undefined): Kept | undefined => {
  if (!isTree(json)) return undefined;
  const { bootId, cause, reason, request, since, sinceBoot, way } = json;
  const [known, knownWay] = [shutdownCauses.find((each) => each === cause), shutdownWays.find((each) => each === way)];
  if (known === undefined || knownWay === undefined) return undefined;
  if (typeof request !== 'string' || typeof bootId !== 'string' || typeof sinceBoot !== 'number') return undefined;
  return {
    request,
    since: typeof since === 'number' ? since : undefined,
    cause: known,
    way: knownWay,
    reason: typeof reason === 'string' ? reason : undefined,
    bootId,
    sinceBoot,
  };
};

const json = ({ reason, since, ...kept }: Kept): Json => ({ ...kept, ...(since !== undefined && { since }), ...(reason !== undefined && { reason }) });

const viewOf = ({ cause, reason, request, since, way }: Kept): ShutdownView => ({
  request,
  ...(since !== undefined && { since }),
  cause,
  way,
  ...(reason !== undefined && { reason }),
});

export class ShutdownWish {
  readonly #ports: WishPorts;

  constructor(ports: WishPorts) {
    this.#ports = ports;
  }

  async ask(wish: Wish, trace: TraceContext | undefined): Promise<Result<ShutdownView>> {
    const { bootClock, clock, logger, random } = this.#ports;
    // One of an earlier boot could not be taken back yet, and is not what is asked for now.
    const outlived = await this.outlive(trace);
    if (!outlived.ok) return outlived;
    const before = this.#kept();
    if (before !== undefined && before.cause === wish.cause && before.way === wish.way && before.reason === wish.reason) return ok({ ...viewOf(before), already: true });
    const now = clock.now();
    const first = before === undefined ? { request: uuid7(now, random), since: now } : { request: before.request, since: before.since };
    const kept: Kept = { ...wish, ...first, ...bootMoment(bootClock) };
    const changed = await this.#change(kept, this.#event(kept, 'requested', wish.reason), trace);
    if (changed.ok) logger.warn(`the server is asked to ${wish.way} this node (${wish.cause})${wish.reason === undefined ? '' : `: ${wish.reason}`}`);
    return changed.ok ? ok({ ...viewOf(kept), already: false }) : changed;
  }

  /** The one that stands; undefined when there is none. One of an earlier boot is none, also while it is not taken back yet. */
  standing(): ShutdownView | undefined {
    const kept = this.#kept();
    return kept !== undefined && isOfThisBoot(this.#ports.bootClock, kept) ? viewOf(kept) : undefined;
  }

  async cancel(trace: TraceContext | undefined): Promise<Result<ShutdownView>> {
    const before = this.#kept();
    if (before === undefined) return ok({ cancelled: false });
    const changed = await this.#withdraw(before, 'it was cancelled', trace);
    return changed.ok ? ok({ cancelled: true }) : changed;
  }

  /** Takes a wish back that an earlier boot made. Resolves with whether there is something to report. */
  async outlive(trace: TraceContext | undefined): Promise<Result<boolean>> {
    const before = this.#kept();
    if (before === undefined || isOfThisBoot(this.#ports.bootClock, before)) return ok(false);
    const changed = await this.#withdraw(before, 'the machine has begun anew since', trace);
    return changed.ok ? ok(true) : changed;
  }

  /** Reports anew what stands, for a server that may not know it any more. */
  async tellStanding(trace: TraceContext | undefined): Promise<Result<boolean>> {
    const before = this.#kept();
    if (before === undefined || !isOfThisBoot(this.#ports.bootClock, before)) return this.outlive(trace);
    const changed = await this.#ports.state.change([], [{ event: this.#event(before, 'requested', before.reason), trace }]);
    return changed.ok ? ok(true) : changed;
  }

  async #withdraw(before: Kept, why: string, trace: TraceContext | undefined): Promise<Result<void>> {
    const changed = await this.#change(undefined, this.#event(before, 'withdrawn', why), trace);
    if (changed.ok) this.#ports.logger.info(`the server is no longer asked to end this node: ${why}`);
    return changed;
  }

  #kept(): Kept | undefined {
    return readKept(this.#ports.state.get(stateKey));
  }

  #event({ cause, request, way }: Kept, state: EventOf<'shutdown'>['state'], reason: string | undefined): PendingReport['event'] {
    const at = this.#ports.clock.now();
    return { kind: 'shutdown', id: uuid7(at, this.#ports.random), at, request, state, cause, way, ...(reason !== undefined && { reason }) };
  }

  #change(kept: Kept | undefined, event: PendingReport['event'], trace: TraceContext | undefined): Promise<Result<void>> {
    return this.#ports.state.change([{ key: stateKey, value: kept && json(kept) }], [{ event, trace }]);
  }
}
