// The user lane of a sender: messages of `jetpack send`, one at a time and in order.
//
//   idle -> published -> releasing -> idle          confirmed, or left as a failure that is reported
//           published -> waiting -> published       refused for now, unconfirmed, closed: the same message once more
//
// A row is freed by the broker's confirm of a routable publish, for nobody else would tell. So a message is delivered at
// least once: after an unknown outcome it comes again under its own id. One that nothing is bound for, or that the broker
// keeps refusing, leaves as an `undelivered` event and blocks nothing.
import type { Clock } from '../../../effects/clock.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { EventOf } from '../../../protocol/events.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
import type { NewEntry, Outbox, OutboxRow, UserMessage } from './ports.ts';
import { pauseAfter } from './sender-flights.ts';

export interface UserRow {
  readonly stream: string;
  readonly row: OutboxRow;
}

export interface UserLanePorts {
  readonly outbox: Pick<Outbox, 'streams' | 'read' | 'release'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
}

/** After so many refusals, minutes apart in the end, the broker means it. */
const nacksForGood = 8;

export class UserLane {
  readonly #ports: UserLanePorts;
  #state: 'idle' | 'published' | 'waiting' | 'releasing' = 'idle';
  /** The row of every state but idle; a new object at every publish, so that a late answer is told apart. */
  #row: UserRow | undefined;
  #again = 0;
  #attempts = 0;
  #nacks = 0;

  constructor(ports: UserLanePorts) {
    this.#ports = ports;
  }

  next(now: number): UserRow | undefined {
    if (this.#state === 'published' || this.#state === 'releasing') return undefined;
    if (this.#state === 'waiting' && now < this.#again) return undefined;
    const row = this.#oldest();
    if (row !== undefined) {
      this.#row = row;
      this.#state = 'published';
    }
    return row;
  }

  /** The broker's answer. Resolves when its consequence is durable. */
  async settled(row: UserRow, outcome: PublishOutcome['outcome'], now: number): Promise<Result<void>> {
    if (this.#state !== 'published' || row !== this.#row) return ok(undefined);
    if (outcome === 'nacked') this.#nacks += 1;
    if (outcome === 'confirmed') return this.#release(row, now);
    if (outcome === 'unroutable') return this.#release(row, now, this.#undelivered(row, 'no queue is bound for its routing key'));
    if (this.#nacks >= nacksForGood) return this.#release(row, now, this.#undelivered(row, 'the broker refused it again and again'));
    this.#wait(now);
    return ok(undefined);
  }

  /** Answers of the old connection will not come, or no longer count. */
  connected(): void {
    if (this.#state === 'releasing') return;
    this.#state = 'idle';
    this.#attempts = 0;
  }

  wakeAt(): number | undefined {
    return this.#state === 'waiting' ? this.#again : undefined;
  }

  #oldest(): UserRow | undefined {
    for (const { last, stream } of this.#ports.outbox.streams()) {
      // Looked for with every frame of reports that goes out, and mostly nobody sends.
      if (last.user === 0) continue;
      const [row] = this.#ports.outbox.read(stream, 'user', 1, { rows: 1, bytes: 0 });
      if (row !== undefined) return { stream, row };
    }
    return undefined;
  }

  /** A row that cannot be deleted now is published once more later: rather twice than never. */
  async #release(row: UserRow, now: number, report?: NewEntry): Promise<Result<void>> {
    this.#state = 'releasing';
    const released = await this.#ports.outbox.release(row.stream, row.row.sequence, report);
    if (released.ok) {
      this.#state = 'idle';
      this.#attempts = 0;
      this.#nacks = 0;
    } else this.#wait(now);
    return released;
  }

  #wait(now: number): void {
    this.#state = 'waiting';
    this.#again = now + pauseAfter(this.#attempts);
    this.#attempts += 1;
  }

  #undelivered({ row }: UserRow, reason: string): NewEntry {
    // Written by accept.ts of this program, so its shape is known.
    const message = JSON.parse(row.payload) as UserMessage;
    const at = this.#ports.clock.now();
    const event: EventOf<'undelivered'> = {
      kind: 'undelivered',
      id: uuid7(at, this.#ports.random),
      at,
      messageId: message.id,
      routingKey: message.routingKey,
      reason,
      trace: message.trace,
    };
    return { id: event.id, lane: 'report', priority: 'high', payload: JSON.stringify(event), repeatable: false };
  }
}
