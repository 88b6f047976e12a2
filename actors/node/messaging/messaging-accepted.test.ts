import { describe, expect, test } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import { decodeFrame } from '../../../protocol/codec.ts';
import { fail } from '../../../protocol/result.ts';
import { frame, stream } from '../../testing/frames.ts';
import { supervise } from '../../testing/recorder.ts';
import { settle, until } from '../../testing/world.ts';
import { messaging } from './messaging.ts';
import { MemoryState } from '../testing/memory-state.ts';
import { begin, destination, outcome, payload, type Publish, useMessagingStage } from '../testing/messaging-stage.ts';

useMessagingStage();

/** The messages of the events in a publish. */
const eventsIn = ({ message }: Publish): readonly unknown[] => {
  const decoded = decodeFrame(message.body);
  if (!decoded.ok || decoded.value.kind !== 'events') throw new Error('not a frame of events');
  return decoded.value.body.entries.map(({ event }) => (event as { readonly message: unknown }).message);
};

describe('what was accepted', () => {
  test('waits for the broker, and goes at once when it is there', async () => {
    const { accepted, link, published } = await begin();
    await accepted(payload('1'), payload('2'));
    expect(published()).toEqual([]);
    await link(true);
    const [publish, ...more] = published();
    expect([eventsIn(publish!), more]).toEqual([['1', '2'], []]);
    expect(publish!.message).toMatchObject({ exchange: 'reports', routingKey: 'events.lab.n1', persistent: true, contentType: 'application/json' });
  });

  test('is gathered for 5 ms, and travels together', async () => {
    const { clock, link, outbox, published, tell } = await begin();
    await link(true);
    outbox.add('report', payload('1'));
    await tell({ type: 'durable' });
    await clock.advance(4);
    outbox.add('report', payload('2'));
    await tell({ type: 'durable' });
    expect(published()).toEqual([]);
    await clock.advance(1);
    await settle();
    expect(published().map(eventsIn)).toEqual([['1', '2']]);
    expect(clock.armed).toBe(1);
  });

  test('is sent again from the start over a new connection, however it ended on the old one', async () => {
    const { accepted, answer, link, published } = await begin();
    await link(true);
    await accepted(payload('1'), payload('2'), payload('3'));
    published()[0]?.reply(outcome('confirmed'));
    await answer({ sequence: 1 });
    await link(false);
    await link(true);
    expect(published().map(eventsIn)).toEqual([['2', '3']]);
    await link(true);
    expect(published()).toEqual([]);
  });

  test('is sent again by its own timer when the server is silent, and no longer once it is applied', async () => {
    const { accepted, answer, clock, link, published } = await begin();
    await link(true);
    await accepted(payload('1'));
    published()[0]?.reply(outcome('confirmed'));
    await settle();
    await clock.advance(4_999);
    expect(published()).toEqual([]);
    await clock.advance(1);
    await settle();
    const [again] = published();
    expect(eventsIn(again!)).toEqual(['1']);
    again!.reply(outcome('confirmed'));
    await settle();
    await answer({ sequence: 1 });
    await clock.advance(600_000);
    await settle();
    expect(published()).toEqual([]);
  });

  test('is sent again with a growing pause while no queue is bound, which is told once, as is its end', async () => {
    const { accepted, clock, link, log, published, transport } = await begin();
    await link(true);
    await accepted(payload('1'));
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      published()[0]?.reply(outcome('unroutable'));
      await settle();
      const answeredAt = clock.monotonic();
      await until(clock, 'it is published again', () => transport.received.filter(({ type }) => type === 'publish').length === attempt + 2);
      pauses.push(clock.monotonic() - answeredAt);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000]);
    expect(log.lines).toEqual(['warn: no server takes reports yet: no queue is bound for them']);
    published()[0]?.reply(outcome('confirmed'));
    await settle();
    expect(log.lines.slice(1)).toEqual(['info: reports are taken again']);
    await accepted(payload('2'));
    published()[0]?.reply(outcome('unroutable'));
    await settle();
    expect(log.lines.slice(2)).toEqual(['warn: no server takes reports yet: no queue is bound for them']);
  });

  test('is deleted when the server says that it is applied, and only up to there', async () => {
    const { accepted, answer, link, outbox } = await begin();
    await link(true);
    await accepted(payload('1'), payload('2'));
    await answer({ sequence: 2, lane: 'user' });
    expect(outbox.rows).toHaveLength(2);
    await answer({ sequence: 1 });
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([2]);
  });

  test('is sent again when the server asks for it', async () => {
    const { accepted, link, published, tell } = await begin();
    await link(true);
    await accepted(payload('1'), payload('2'));
    published()[0]?.reply(outcome('confirmed'));
    await settle();
    await tell({ type: 'answer', frame: frame('resend', { stream, lane: 'report', from: 2, to: 2 }) });
    expect(published().map(eventsIn)).toEqual([['1', '2']]);
    await tell({ type: 'answer', frame: frame('resend', { stream, lane: 'user', from: 2, to: 2 }) });
    expect(published()).toEqual([]);
  });

  test('is published again when the transport did not answer, crashed or stopped', async () => {
    const { accepted, clock, link, published } = await begin();
    await link(true);
    await accepted(payload('1'));
    expect(published()).toHaveLength(1);
    await clock.advance(30_000);
    await settle();
    await clock.advance(500);
    await settle();
    expect(published().map(eventsIn)).toEqual([['1']]);
  });

  test('stays when it cannot be deleted, which is told', async () => {
    const { accepted, answer, link, log, outbox } = await begin();
    await link(true);
    await accepted(payload('1'));
    outbox.answer = fail('outbox_unwritable', 'disk full');
    await answer({ sequence: 1 });
    expect(outbox.rows).toHaveLength(1);
    expect(log.lines).toEqual(['error: the outbox could not be updated: disk full']);
  });

  test('is all sent again by a successor, in a frame of its own id', async () => {
    const { clock, incarnation, link, outbox, published, ref, system, transport } = await begin();
    outbox.add('report', payload('1'));
    await link(true);
    const [before] = published();
    await incarnation.end();
    system.spawn(ref.path, messaging({ outbox, state: new MemoryState(), destination, transport: transport.ref, clock, random: seededRandom(2), logger: recordLog().logger }), supervise('end'));
    await settle();
    expect(transport.received.at(-1)).toMatchObject({ type: 'connection?', observer: { path: 'messaging' } });
    await link(true);
    const [after] = published();
    expect(eventsIn(after!)).toEqual(eventsIn(before!));
    expect(after!.message.messageId).not.toBe(before!.message.messageId);
  });
});
