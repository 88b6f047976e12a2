// Brokers that go away, in good order or not, and come back, and brokers that run short of memory or of disk.
import { describe, expect, jest, test } from '@jest/globals';
import { collect, message, outcomes, statusesOf, until } from '../../transport/contract/world.ts';
import { oldestAndNewest } from '../broker/at-hand.ts';
import { administer } from '../contract/amqp-world.ts';
import { alarms } from './alarms.ts';
import { fresh, reaches, typesOf, useOwnBroker } from './broker-world.ts';

jest.setTimeout(120_000);

describe.each(await oldestAndNewest())('on $title', (kind) => {
  const world = useOwnBroker(kind);

  test('row 5: over a stop and over a kill, what was confirmed is kept, and consumers and publishes go on unasked', async () => {
    // The first two are consumed all the time, the others keep what they get to the end.
    const { prefix, topology } = fresh([
      { name: 'quorum', type: 'quorum' },
      { name: 'classic', type: 'classic' },
      { name: 'quorum-kept', type: 'quorum' },
      { name: 'classic-kept', type: 'classic' },
    ]);
    const transport = world.open(topology, { confirmTimeoutMs: 1_000 });
    await reaches(transport, 'connected');
    const statuses = statusesOf(transport);
    const batch = (name: string): readonly string[] => Array.from({ length: 50 }, (_, index) => `${name} ${index}`);
    const publish = async (bodies: readonly string[]): Promise<void> => {
      for (const body of bodies) {
        const again = message(`${prefix}.x`, 'k', body);
        do await reaches(transport, 'connected');
        while ((await transport.publish(again)).outcome !== 'confirmed');
      }
    };
    const collected = (...names: readonly string[]) => Promise.all(names.map((name) => collect(transport, `${prefix}.${name}`)));
    const consumed = await collected('quorum', 'classic');
    await publish(batch('first'));
    await world.broker().stop();
    await until('the loss is told', () => typesOf(statuses).includes('disconnected'));
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'closed' });
    await world.broker().start();
    await publish(batch('second'));
    await world.broker().kill();
    await world.broker().start();
    await publish(['last']);
    for (const each of [...consumed, ...(await collected('quorum-kept', 'classic-kept'))]) {
      await until('everything has arrived', () => each.bodies().includes('last'));
      expect([...new Set(each.bodies())]).toEqual([...batch('first'), ...batch('second'), 'last']);
    }
  });

  test('row 5: `rabbitmqctl stop_app` and `start_app` are outlived, consumer and all: what was confirmed is kept, and a binding that was taken away is declared again', async () => {
    const { prefix, topology } = fresh([
      { name: 'consumed', type: 'quorum' },
      { name: 'quorum-kept', type: 'quorum' },
      { name: 'classic-kept', type: 'classic' },
    ]);
    const transport = world.open(topology);
    const statuses = statusesOf(transport);
    await reaches(transport, 'connected');
    const got = await collect(transport, `${prefix}.consumed`);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'before'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    await administer(world.broker().url(), async (model) => (await model.createChannel()).unbindQueue(`${prefix}.consumed`, `${prefix}.x`, '#'));
    await world.broker().ctl('stop_app');
    await until('the loss is told', () => typesOf(statuses).includes('disconnected'));
    await world.broker().ctl('start_app');
    await reaches(transport, 'connected');
    const after = message(`${prefix}.x`, 'k', 'after');
    while ((await transport.publish(after)).outcome !== 'confirmed') await reaches(transport, 'connected');
    await until('the consumer is back', () => got.bodies().includes('after'));
    for (const each of [got, await collect(transport, `${prefix}.quorum-kept`), await collect(transport, `${prefix}.classic-kept`)]) {
      await until('everything has arrived', () => each.bodies().includes('after'));
      expect([...new Set(each.bodies())]).toEqual(['before', 'after']);
    }
  });

  test.each(alarms)('row 12: an alarm for $what blocks publishing and holds back those who wait for `ready`, while consuming and settling go on', async ({ begin, end }) => {
    const { prefix, topology } = fresh();
    // The alarm may last longer than a confirm may take.
    const transport = world.open(topology, { confirmTimeoutMs: 60_000 });
    await reaches(transport, 'connected');
    const statuses = statusesOf(transport);
    await outcomes(['a', 'b', 'c'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    let alarmed = true;
    const endAlarm = async (): Promise<void> => {
      if (alarmed) await world.broker().ctl(...end);
      alarmed = false;
    };
    // Whatever becomes of this test, the next one finds no alarm.
    world.later(endAlarm);
    await world.broker().ctl(...begin);
    const blocked = transport.publish(message(`${prefix}.x`, 'k', 'd'));
    await reaches(transport, 'blocked');
    let admitted = false;
    const ready = transport.ready().then(() => (admitted = true));
    const got = await collect(transport, `${prefix}.q`, ({ redelivered }) => (redelivered ? 'ack' : 'requeue'));
    await got.arrived(6);
    expect(admitted).toBe(false);
    await endAlarm();
    await reaches(transport, 'connected');
    await ready;
    expect(await blocked).toEqual({ outcome: 'confirmed' });
    expect(typesOf(statuses)).toEqual(['blocked', 'unblocked']);
  });
});
