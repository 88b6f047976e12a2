// Brokers that are not there, that refuse, and that are at another address now.
import { randomBytes } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { collect, message, statusesOf, until } from '../../transport/contract/world.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { freePorts } from '../broker/free-ports.ts';
import { through } from '../broker/through.ts';
import { fresh, reaches, typesOf, useBroker } from './broker-world.ts';

jest.setTimeout(120_000);

describe.each(await brokersAtHand())('on $title', (kind) => {
  const world = useBroker(kind);

  test('row 1: a broker that is absent is tried again and again, and used when it appears', async () => {
    const [port = 0] = await freePorts(1);
    const { prefix, topology } = fresh();
    const { password, user } = world.broker();
    const transport = world.open(topology, { urls: [`amqp://${user}:${password}@127.0.0.1:${port}`] });
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    await until('several attempts have failed', () => typesOf(statuses).filter((type) => type === 'disconnected').length >= 3);
    expect(statuses[1]).toMatchObject({ type: 'disconnected', code: 'broker_unreachable', reason: expect.stringContaining('ECONNREFUSED') });
    await world.wire({ at: port });
    await reaches(transport, 'connected');
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    expect(got.deliveries).toHaveLength(1);
  });

  test('row 2: a wrong password ends the transport at once, without a second attempt, and no status repeats it', async () => {
    const wire = await world.wire();
    const transport = world.open(fresh().topology, { urls: [through(world.broker().url({ password: 'wr0ng-passw0rd' }), wire)] });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(typesOf(statuses)).toEqual(['connecting', 'failed']);
    expect(statuses[1]).toMatchObject({ code: 'broker_credentials' });
    expect(JSON.stringify(statuses)).not.toMatch(/wr0ng|jetpack:/);
    // One attempt each to publish and to consume.
    expect(wire.counts.taken).toBeLessThanOrEqual(2);
  });

  test.each(['does not exist', 'is not for this user'])('row 2: a virtual host that %s ends the transport at the second attempt', async (which) => {
    const vhost = `vhost-${randomBytes(4).toString('hex')}`;
    if (which === 'is not for this user') await world.broker().ctl('add_vhost', vhost);
    const wire = await world.wire();
    const transport = world.open(fresh().topology, { urls: [through(world.broker().url({ vhost }), wire)] });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(typesOf(statuses)).toEqual(['connecting', 'disconnected', 'connecting', 'failed']);
    expect(statuses[3]).toMatchObject({ code: 'broker_vhost', reason: expect.stringContaining(vhost) });
    expect(wire.counts.taken).toBeLessThanOrEqual(4);
  });

  test('row 2: a user who may not declare is told what it may not', async () => {
    const user = `reader-${randomBytes(4).toString('hex')}`;
    await world.broker().ctl('add_user', user, 'reader');
    await world.broker().ctl('set_permissions', user, '^$', '.*', '.*');
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: [world.broker().url({ user, password: 'reader' })] });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'broker_vhost', reason: expect.stringContaining(`${prefix}.x`) });
  });

  test('row 1: of several addresses one that answers is enough', async () => {
    const [dead = 0] = await freePorts(1);
    const wire = await world.wire();
    const { prefix, topology } = fresh();
    const url = world.broker().url();
    const deadUrl = new URL(url);
    deadUrl.port = `${dead}`;
    const transport = world.open(topology, { urls: [deadUrl.href, through(url, wire)] });
    await reaches(transport, 'connected');
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'confirmed' });
  });

  test('row 5: a transport whose address is lost goes on at the other one, and nothing confirmed is lost', async () => {
    const wires = [await world.wire(), await world.wire()];
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: wires.map((wire) => through(world.broker().url(), wire)) });
    const got = await collect(transport, `${prefix}.q`);
    const confirmed: string[] = [];
    for (const [index, lost] of [...wires, undefined].entries()) {
      await reaches(transport, 'connected');
      const sent = message(`${prefix}.x`, 'k', `${index}`);
      while ((await transport.publish(sent)).outcome !== 'confirmed') await reaches(transport, 'connected');
      confirmed.push(`${index}`);
      if (lost === undefined) break;
      lost.refuse();
      lost.cut();
      const other = wires.find((wire) => wire !== lost);
      await until('both connections use the other address', () => other?.counts.open === 2 && lost.counts.open === 0);
      await lost.admit();
    }
    await until('all is there', () => new Set(got.bodies()).size === confirmed.length);
    expect([...new Set(got.bodies())]).toEqual(confirmed);
  });
});
