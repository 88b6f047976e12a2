// Commands of the server as this node keeps them: accepted once, carried out, answered.
//
//   accepted  durable here, so the server need not ask again; carried out, and after a crash taken up again
//   done, failed, expired  answered; one that comes again gets the same answer, and nothing is done twice
//
// It decides nothing about what a command does and talks to no actor; the newest answers are kept, older ones forgotten.
import type { BootClock } from '../../../effects/boot-clock.ts';
import type { Clock } from '../../../effects/clock.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { eventSchemas, type CommandState } from '../../../protocol/events.ts';
import { frameSchemas, type FrameOf } from '../../../protocol/frames.ts';
import type { Result } from '../../../protocol/result.ts';
import { traceContext, type TraceContext } from '../../../protocol/trace.ts';
import { bootMoment } from '../boot-moment.ts';
import type { NodeState, PendingReport, StateChange } from '../state.ts';

const { code, message, state, at } = eventSchemas.command.shape;

/** What the frame asked, and what the events told of it; its trace and the moment by the boot clock, until it is answered. `receivedAt`: wall clock, milliseconds. */
const record = frameSchemas.command.shape.body
  .pick({ name: true, rerunScripts: true, key: true, configuration: true })
  .extend({ state, code, message, receivedAt: at, trace: traceContext, bootId: message, sinceBoot: at.optional() });

export type OrderRecord = ReturnType<typeof record.parse>;

export interface Order extends OrderRecord {
  readonly command: string;
}

/** How a command ended. */
export interface Outcome {
  readonly state: Exclude<CommandState, 'accepted'>;
  readonly code?: string;
  readonly message?: string;
}

/** Answers kept, so that a command that comes again is known. */
const kept = 200;

const prefix = 'command/';
const keyOf = (command: string): string => `${prefix}${command}`;

export interface OrdersPorts {
  readonly state: NodeState;
  readonly bootClock: BootClock;
  readonly clock: Clock;
  readonly random: Random;
}

export class Orders {
  readonly #ports: OrdersPorts;

  constructor(ports: OrdersPorts) {
    this.#ports = ports;
  }

  find(command: string): Order | undefined {
    const parsed = record.safeParse(this.#ports.state.get(keyOf(command)));
    return parsed.success ? { ...parsed.data, command } : undefined;
  }

  /** Accepted and not answered: of an earlier life, when nothing is under way yet. */
  open(): readonly Order[] {
    return this.#all().filter(({ state }) => state === 'accepted');
  }

  /** Makes a new command durable with the report that says so. One that came too late is answered at once. */
  async accept({ body, remainingMs, trace }: FrameOf<'command'>): Promise<Result<Order>> {
    const { command, name, rerunScripts, key, configuration } = body;
    const late = remainingMs === 0;
    const order: OrderRecord = {
      name,
      state: late ? 'expired' : 'accepted',
      receivedAt: this.#ports.clock.now(),
      ...(late ? { code: 'command_expired', message: 'the command came after its time' } : { rerunScripts, key, configuration, trace, ...bootMoment(this.#ports.bootClock) }),
    };
    const forgotten = this.#outdated().map((old): StateChange => ({ key: keyOf(old), value: undefined }));
    return this.#write(command, order, forgotten, trace);
  }

  /** Makes an answer durable with its report. What the command asked is no longer kept. */
  settle({ command, name, receivedAt }: Order, outcome: Outcome, trace: TraceContext | undefined): Promise<Result<Order>> {
    return this.#write(command, { name, receivedAt, ...outcome }, [], trace);
  }

  /** Reports once more how a command stands: a server that asks again does not know. */
  repeat(order: Order, trace: TraceContext | undefined): Promise<Result<void>> {
    return this.#ports.state.change([], [this.#reportOf(order.command, order, trace)]);
  }

  async #write(command: string, order: OrderRecord, more: readonly StateChange[], trace: TraceContext | undefined): Promise<Result<Order>> {
    // Without the members that are undefined, which JSON does not have.
    const value = JSON.parse(JSON.stringify(order)) as Json;
    const changed = await this.#ports.state.change([{ key: keyOf(command), value }, ...more], [this.#reportOf(command, order, trace)]);
    return changed.ok ? { ok: true, value: { ...order, command } } : changed;
  }

  #reportOf(command: string, { code, message, state }: OrderRecord, trace: TraceContext | undefined): PendingReport {
    const at = this.#ports.clock.now();
    return { event: { kind: 'command', id: uuid7(at, this.#ports.random), at, command, state, code, message }, trace };
  }

  #all(): readonly Order[] {
    return this.#ports.state.keys(prefix).flatMap((key) => this.find(key.slice(prefix.length)) ?? []);
  }

  #outdated(): readonly string[] {
    const answered = this.#all().filter(({ state }) => state !== 'accepted');
    return answered.toSorted((one, other) => other.receivedAt - one.receivedAt).slice(kept - 1).map(({ command }) => command);
  }
}
