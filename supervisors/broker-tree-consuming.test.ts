import { describe, expect, test } from '@jest/globals';
import type { Reply } from '../actors/ref.ts';
import { settle } from '../actors/testing/world.ts';
import type { Settlement } from '../transport/port.ts';
import { failure, scene, useBrokerTreeStage } from './testing/broker-tree-stage.ts';

useBrokerTreeStage();

describe('consuming', () => {
  test('a settlement goes to the channel of its delivery, and to none when that has ended: it is counted (row 17)', async () => {
    const late: ((settlement: Settlement) => void)[] = [];
    const { connectors, isUp, reports, until, want } = scene();
    want(() => new Promise((resolve) => void late.push(resolve)));
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const first = connectors.consume.last.consumers[0]!;
    first.deliver('a');
    first.deliver('b');
    await until('both are under way', () => late.length === 2);
    late[0]!('ack');
    await settle();
    first.end();
    await until('it consumes again', () => connectors.consume.last.consumers.length === 2);
    late[1]!('ack');
    await settle();
    expect(first.settled).toEqual(['ack a']);
    expect(connectors.consume.last.consumers[1]!.settled).toEqual([]);
    expect(reports.filter(({ type }) => type === 'settlementDropped')).toEqual([{ type: 'settlementDropped', queue: 'q' }]);
  });

  test('what waits in the mailbox when the channel ends is not handled: it comes again (row 17)', async () => {
    const handled: string[] = [];
    const { connectors, isUp, until, want } = scene();
    want((id) => (handled.push(id), 'ack'));
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const first = connectors.consume.last.consumers[0]!;
    first.end();
    first.deliver('behind the end');
    await until('it consumes again', () => connectors.consume.last.consumers.length === 2);
    connectors.consume.last.consumers[1]!.deliver('anew');
    await until('it is handled', () => handled.length > 0);
    expect(handled).toEqual(['anew']);
  });

  test('a handler that throws is told and its delivery comes again; no actor fails (row 16)', async () => {
    const { connectors, failed, isUp, reports, until, want } = scene();
    want((id) => {
      if (id === 'bad') throw new Error('thrown');
      return id === 'worse' ? Promise.reject(new Error('rejected')) : 'ack';
    });
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const { settled } = connectors.consume.last.consumers[0]!;
    for (const id of ['bad', 'worse', 'good']) connectors.consume.last.consumers[0]!.deliver(id);
    await until('all are settled', () => settled.length === 3);
    expect([...settled].toSorted()).toEqual(['ack good', 'requeue bad', 'requeue worse']);
    expect(reports.filter(({ type }) => type === 'handlerFailed')).toHaveLength(2);
    expect(failed()).toEqual([]);
  });

  test('a wish that is taken back ends its consumer, and what still arrives goes back', async () => {
    const { connectors, isUp, system, until, want } = scene();
    const { consumer, end, wish } = want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    const channel = connectors.consume.last.consumers[0]!;
    wish.wanted = false;
    const cancelled = system.ask(consumer, (reply: Reply<void>) => ({ type: 'cancel', reply }) as const, { timeoutMs: 1_000 });
    channel.deliver('late');
    expect(await cancelled).toMatchObject({ ok: true });
    expect([channel.cancelled, channel.settled]).toEqual([true, ['requeue late']]);
    await end();
    expect(channel.alive).toBe(false);
    expect(system.inspect().find(({ path }) => path === consumer.path)).toMatchObject({ state: 'stopped' });
  });

  test('a consumer that is lost or cannot be begun is told with the reason, until that is one that lasts', async () => {
    const { connectors, escalated, isUp, reports, until, want } = scene();
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    connectors.consume.last.refusals.push(failure('broker_unreachable'), failure('topology_mismatch'));
    connectors.consume.last.consumers[0]!.end('cancelled by the test');
    await until('it has given up', () => escalated.length > 0);
    expect(reports.filter(({ type }) => type === 'consumerLost')).toEqual([
      { type: 'consumerLost', queue: 'q', code: 'transport_closed', reason: 'cancelled by the test' },
      { type: 'consumerLost', queue: 'q', code: 'broker_unreachable', reason: 'broker_unreachable of the test' },
    ]);
    expect(escalated).toEqual(['topology_mismatch']);
  });

  test('a wish is kept from before the first connection', async () => {
    const { connectors, isUp, until, want } = scene(({ publish }) => publish.failures.push(failure('broker_unreachable')));
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    expect(connectors.consume.last.consumers[0]).toMatchObject({ queue: 'q' });
  });
});
