// That suites on one broker are in nobody's way, and leave nothing there.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { waitFor } from '../../../effects/testing/wait-for.ts';
import { brokersAtHand } from '../at-hand.ts';
import { makeCertificates, type TestCertificates } from '../certificates.ts';
import type { BrokerName, TestBroker } from '../test-broker.ts';
import { BrokerPool } from './pool.ts';
import { SharedBroker } from './shared-broker.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const borrowed = async (name: BrokerName, pool?: string): Promise<SharedBroker> => {
  const broker = await SharedBroker.borrow(name, pool);
  ends.push(() => broker.dispose());
  return broker;
};

const refusal = async (url: string): Promise<string> => {
  try {
    await (await connect(url)).close();
    return 'none';
  } catch (error) {
    return String(error);
  }
};

describe.each(await brokersAtHand())('on $title', (kind) => {
  test('two who share a broker have a virtual host and a user each, and neither comes into that of the other', async () => {
    const [one, other] = [await borrowed(kind.name), await borrowed(kind.name)];
    expect([one.port, one.version]).toEqual([other.port, kind.version]);
    const model = await connect(one.url());
    const channel = await model.createChannel();
    await channel.assertQueue('q', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    const queuesOf = async ({ management }: SharedBroker): Promise<readonly string[]> => (await management.queues()).map(({ name }) => name);
    expect([await queuesOf(one), await queuesOf(other)]).toEqual([['q'], []]);
    expect(await refusal(one.url({ vhost: other.vhost }))).toContain('ConnectionClose');
    await waitFor('the connection to show', async () => (await one.management.connections()).length === 1);
    expect(await other.management.connections()).toEqual([]);
    expect(await refusal(one.url({ user: other.user, password: other.password }))).not.toBe('none');
    expect(await other.management.closeConnections('none of them is anybody else\'s')).toBe(0);
    expect(await one.management.closeConnections('maintenance')).toBe(1);
    await expect(channel.checkQueue('q')).rejects.toThrow();
  }, 180_000);

  test('who gives a broker back leaves no user, virtual host or connection there', async () => {
    const [one, other] = [await borrowed(kind.name), await borrowed(kind.name)];
    const unique = randomBytes(4).toString('hex');
    await one.addVhost(`more-${unique}`);
    await one.addUser(`more-${unique}`, 'secret', { permissions: { configure: '^$', write: '.*', read: '.*' } });
    expect(await refusal(one.url({ user: `more-${unique}`, password: 'secret' }))).toBe('none');
    expect(await refusal(one.url({ vhost: `more-${unique}` }))).not.toBe('none');
    const model = await connect(one.url());
    const closed = new Promise<void>((resolve) => void model.on('error', () => undefined).on('close', () => resolve()));
    await one.dispose();
    await closed;
    expect(await refusal(one.url())).not.toBe('none');
    const left = await other.management.users();
    expect(left).toContain(other.user);
    for (const gone of [one.user, `more-${unique}`]) expect(left).not.toContain(gone);
    await expect(other.management.setPermissions(one.user, { configure: '', write: '', read: '' })).rejects.toThrow(/PUT .* with 4\d\d/);
  }, 180_000);
});

describe('a pool', () => {
  const opened = async (start: (name: BrokerName) => Promise<TestBroker>): Promise<BrokerPool> => {
    const pool = await BrokerPool.open(start);
    ends.push(() => pool.close());
    return pool;
  };

  test('starts a kind once, however many ask, and tells all of them why it did not start', async () => {
    let started = 0;
    const pool = await opened(() => {
      started += 1;
      return Promise.reject(new Error('out of order'));
    });
    const asked = await Promise.allSettled([1, 2, 3].map(() => SharedBroker.borrow('installed', pool.socket)));
    expect(asked.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(asked.map(() => expect.stringContaining("no broker 'installed' to share: Error: out of order")));
    expect(started).toBe(1);
  });

  test('ends what it started and cannot be asked any more once it is closed; what nobody asked for it never started', async () => {
    const events: string[] = [];
    const pool = await opened((name) => {
      events.push(`${name} starts`);
      // Nothing serves there, so that whoever borrows it fails after the start.
      const fake = { name, version: '0', user: 'u', password: 'p', port: 1, tlsPort: undefined, managementUrl: undefined, url: () => '', dispose: () => Promise.resolve(void events.push(`${name} ends`)) };
      return Promise.resolve(fake);
    });
    await expect(SharedBroker.borrow('4', pool.socket)).rejects.toThrow('without its management API');
    const { socket } = pool;
    await pool.close();
    expect(events).toEqual(['4 starts', '4 ends']);
    expect(existsSync(socket)).toBe(false);
    await expect(SharedBroker.borrow('4', socket)).rejects.toThrow('ENOENT');
  });

  test('starts nothing any more once it is closed, for nobody who asked before either', async () => {
    const [asked, made] = [Promise.withResolvers<void>(), Promise.withResolvers<TestCertificates>()];
    const started: BrokerName[] = [];
    const start = (name: BrokerName): Promise<TestBroker> => Promise.reject(new Error(String(started.push(name))));
    const pool = await BrokerPool.open(start, () => (asked.resolve(), made.promise));
    const borrowing = Promise.allSettled([SharedBroker.borrow('installed', pool.socket)]);
    await asked.promise;
    const closed = pool.close();
    made.resolve(await makeCertificates());
    await closed;
    expect(await borrowing).toEqual([{ status: 'rejected', reason: expect.objectContaining({ message: expect.stringContaining('the run is over') }) }]);
    expect(started).toEqual([]);
  });

  test('that could make no certificates says so to who asks, and closes all the same', async () => {
    const pool = await BrokerPool.open(() => Promise.reject(new Error('not reached')), () => Promise.reject(new Error('no openssl')));
    await expect(SharedBroker.borrow('installed', pool.socket)).rejects.toThrow('no openssl');
    await pool.close();
    expect(existsSync(pool.socket)).toBe(false);
  });
});
