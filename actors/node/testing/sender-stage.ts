// What the tests of sender share.
import { ManualClock } from '../../../effects/manual-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { decodeEvent } from '../../../protocol/codec.ts';
import type { OutboxRow } from '../messaging/ports.ts';
import { Sender, type EventBatch } from '../messaging/sender.ts';
import { MemoryOutbox } from './memory-outbox.ts';

export const setUp = (...payloads: readonly string[]): { readonly outbox: MemoryOutbox; readonly sender: Sender } => {
  const outbox = new MemoryOutbox();
  outbox.begin('s1');
  outbox.add('report', ...payloads);
  return { outbox, sender: new Sender({ outbox, clock: new ManualClock(), random: seededRandom(1) }) };
};

/** Everything to publish now, each batch as `stream: sequences`. */
export const due = (sender: Sender, now: number): readonly EventBatch[] => {
  const batches: EventBatch[] = [];
  for (let batch = sender.next(now); batch !== undefined; batch = sender.next(now)) batches.push(batch);
  return batches;
};

export const rangeOf = ({ sequence, through }: OutboxRow): string => (sequence === through ? `${sequence}` : `${sequence}-${through}`);

export const show = (batches: readonly EventBatch[]): readonly string[] => batches.map(({ stream, rows }) => `${stream}: ${rows.map(rangeOf).join(' ')}`);

/** Publishes what is due, all with one outcome. */
export const publish = (sender: Sender, now: number, outcome: Parameters<Sender['settled']>[1] = 'confirmed'): readonly string[] => {
  const batches = due(sender, now);
  for (const batch of batches) sender.settled(batch, outcome, now);
  return show(batches);
};

export const reason = (row: OutboxRow | undefined): unknown => {
  const event = decodeEvent(JSON.parse(row?.payload ?? 'null'));
  return event.ok && event.value.kind === 'dropped' ? { from: event.value.from, to: event.value.to } : event;
};
