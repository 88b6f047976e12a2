// A broker that runs short of memory or of disk and says so.
import { describe, expect, jest, test } from '@jest/globals';
import { collect, message, outcomes, statusesOf } from '../../transport/contract/world.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { alarms } from './alarms.ts';
import { fresh, reaches, typesOf, useBroker } from './broker-world.ts';

jest.setTimeout(120_000);

describe.each(await brokersAtHand())('on $title', (kind) => {
  const world = useBroker(kind);

  test.each(alarms)('row 12: an alarm for $what blocks publishing and holds back those who wait for `ready`, while consuming and settling go on', async ({ begin, end }) => {
    const { prefix, topology } = fresh();
    // The alarm may last longer than a confirm may take.
    const transport = world.open(topology, { confirmTimeoutMs: 60_000 });
    await reaches(transport, 'connected');
    const statuses = statusesOf(transport);
    await outcomes(['a', 'b', 'c'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    // Whatever becomes of this test, the next one finds no alarm.
    world.later(() => world.broker().ctl(...end));
    await world.broker().ctl(...begin);
    const blocked = transport.publish(message(`${prefix}.x`, 'k', 'd'));
    await reaches(transport, 'blocked');
    let admitted = false;
    const ready = transport.ready().then(() => (admitted = true));
    const got = await collect(transport, `${prefix}.q`, ({ redelivered }) => (redelivered ? 'ack' : 'requeue'));
    await got.arrived(6);
    expect(admitted).toBe(false);
    await world.broker().ctl(...end);
    await reaches(transport, 'connected');
    await ready;
    expect(await blocked).toEqual({ outcome: 'confirmed' });
    expect(typesOf(statuses)).toEqual(['blocked', 'unblocked']);
  });
});
