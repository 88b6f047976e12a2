// Queues and exchanges that are otherwise than they should be, that vanish, and that refuse.
import { describe, expect, jest, test } from '@jest/globals';
import { collect, message, outcomes, statusesOf, until } from '../../transport/contract/world.ts';
import type { Settlement } from '../../transport/port.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { administer } from '../contract/amqp-world.ts';
import { fresh, reaches, typesOf, useBroker } from './broker-world.ts';

jest.setTimeout(120_000);

describe.each(await brokersAtHand())('on $title', (kind) => {
  const world = useBroker(kind);

  test.each([
    ['x-delivery-limit', { deliveryLimit: 3 }, { deliveryLimit: 4 }],
    ['x-dead-letter-exchange', { deadLetter: 'one' }, { deadLetter: 'other' }],
    ['x-expires', { expiresMs: 60_000 }, {}],
    ['x-message-ttl', {}, { messageTtlMs: 60_000 }],
  ])('row 9: a queue that exists otherwise ends the transport and names %s', async (argument, before, after) => {
    const { prefix, topology } = fresh();
    const { exchanges, queues, bindings } = topology;
    await reaches(world.open({ exchanges, queues: queues.map((queue) => ({ ...queue, ...before })), bindings }), 'connected');
    const transport = world.open({ exchanges, queues: queues.map((queue) => ({ ...queue, ...after })), bindings });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'topology_mismatch', reason: expect.stringContaining(argument) });
    expect(statuses.at(-1)).toMatchObject({ reason: expect.stringContaining(`${prefix}.q`) });
  });

  test('row 9: an exchange of another type ends the transport and is named', async () => {
    const { prefix, topology } = fresh();
    await administer(world.broker().url(), async (model) => (await model.createChannel()).assertExchange(`${prefix}.x`, 'fanout', { durable: true }));
    const transport = world.open(topology);
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'topology_mismatch', reason: expect.stringContaining(`${prefix}.x`) });
  });

  test('row 10: of publishes mixed at random, exactly those that no queue takes are `unroutable`', async () => {
    const { prefix, topology } = fresh();
    const transport = world.open({ ...topology, bindings: topology.bindings.map((binding) => ({ ...binding, key: 'taken.#' })) });
    await reaches(transport, 'connected');
    const keys = Array.from({ length: 200 }, (_, index) => (index * 7 % 3 === 0 ? 'nobody' : 'taken.by.q'));
    const expected = keys.map((key) => (key === 'nobody' ? 'unroutable' : 'confirmed'));
    expect(await outcomes(keys.map((key) => transport.publish(message(`${prefix}.x`, key))))).toEqual(expected);
  });

  test('row 11: a publish that a full queue refuses is `nacked`, others are not concerned, and it is taken when there is room', async () => {
    const { prefix, topology } = fresh();
    const transport = world.open(topology);
    await reaches(transport, 'connected');
    await administer(world.broker().url(), async (model) => {
      const channel = await model.createChannel();
      await channel.assertQueue(`${prefix}.full`, { maxLength: 1, overflow: 'reject-publish' });
      await channel.bindQueue(`${prefix}.full`, `${prefix}.x`, 'full');
    });
    const told: string[] = [];
    while (told.at(-1) !== 'nacked' && told.length < 10) told.push((await transport.publish(message(`${prefix}.x`, 'full'))).outcome);
    expect(told.at(-1)).toBe('nacked');
    expect(await transport.publish(message(`${prefix}.x`, 'other'))).toEqual({ outcome: 'confirmed' });
    await administer(world.broker().url(), async (model) => (await model.createChannel()).purgeQueue(`${prefix}.full`));
    expect(await transport.publish(message(`${prefix}.x`, 'full'))).toEqual({ outcome: 'confirmed' });
  });

  test('row 6: an exchange deleted under a publisher costs its channel only: it is declared again, and consumers do not notice', async () => {
    const { prefix, topology } = fresh();
    const transport = world.open(topology);
    await reaches(transport, 'connected');
    const statuses = statusesOf(transport);
    let settle: (settlement: Settlement) => void = () => undefined;
    const got = await collect(transport, `${prefix}.q`, () => new Promise<Settlement>((resolve) => (settle = resolve)), 1);
    await outcomes(['held', 'next'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await got.arrived(1);
    await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteExchange(`${prefix}.x`));
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'lost'))).toEqual({ outcome: 'closed' });
    await until('it is connected again', () => typesOf(statuses).includes('connected'));
    expect(typesOf(statuses)).toEqual(['disconnected', 'connecting', 'connected']);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'after'))).toEqual({ outcome: 'confirmed' });
    settle('ack');
    await got.arrived(2);
    settle('ack');
    await got.arrived(3);
    settle('ack');
    await got.subscription.cancel();
    expect(got.deliveries.map(({ body, redelivered }) => [Buffer.from(body).toString(), redelivered])).toEqual([
      ['held', false],
      ['next', false],
      ['after', false],
    ]);
  });

  test.each(['quorum', 'classic'] as const)('row 7: a %s queue deleted under its consumer is declared and consumed again, and the publisher does not notice', async (type) => {
    const { prefix, topology } = fresh([{ name: 'q', type }]);
    const transport = world.open(topology);
    await reaches(transport, 'connected');
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'before'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteQueue(`${prefix}.q`));
    await until('the cancel is told', () => statuses.some((status) => status.type === 'consumerCancelled'));
    expect(statuses).toContainEqual({ type: 'consumerCancelled', queue: `${prefix}.q` });
    // Until it is there again, nobody takes it: that is an answer, and the caller repeats.
    const after = message(`${prefix}.x`, 'k', 'after');
    while ((await transport.publish(after)).outcome !== 'confirmed');
    await got.arrived(2);
    expect(got.bodies()).toEqual(['before', 'after']);
    expect(typesOf(statuses)).not.toContain('disconnected');
  });
});
