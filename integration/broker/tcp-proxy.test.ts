import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { seededRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { anywhere, TcpProxy, type Direction } from './tcp-proxy.ts';

/** One end of a connection and what came of it. */
interface End {
  readonly socket: Socket;
  read(): string;
  /** How the other side ended it, once it has: in good order, or with a RST. */
  ended(): 'fin' | 'rst' | undefined;
}

const listenTo = (socket: Socket): End => {
  let text = '';
  let ended: 'fin' | 'rst' | undefined;
  socket.setNoDelay(true).setEncoding('utf8');
  socket.on('data', (more: string) => void (text += more));
  socket.on('end', () => void (ended ??= 'fin'));
  socket.on('error', () => void (ended ??= 'rst'));
  return { socket, read: () => text, ended: () => ended };
};

let proxy: TcpProxy;
const brokers: End[] = [];
const cleanUps: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  const server = createServer((socket) => brokers.push(listenTo(socket)));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  proxy = await TcpProxy.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  cleanUps.push(() => {
    for (const { socket } of brokers.splice(0)) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
});

afterEach(async () => {
  await proxy.dispose();
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
});

const knock = (): End => {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  cleanUps.push(() => Promise.resolve(socket.destroy()));
  return listenTo(socket);
};

/** A client and the broker's end of its connection. */
const pair = async (): Promise<{ readonly client: End; readonly broker: End }> => {
  const before = brokers.length;
  const client = knock();
  return { client, broker: await waitFor('the broker to be reached', () => brokers[before]) };
};

const reads = (end: End, text: string): Promise<unknown> => waitFor(`"${text}" instead of "${end.read()}"`, () => end.read() === text);
const ending = (end: End): Promise<'fin' | 'rst'> => waitFor('the end', () => end.ended());

describe('a proxy without a fault', () => {
  test('hands on what either end says, and counts connections and bytes each way', async () => {
    const { broker, client } = await pair();
    client.socket.write('question');
    await reads(broker, 'question');
    broker.socket.write('answer');
    await reads(client, 'answer');
    expect(proxy.counts).toEqual({ taken: 1, open: 1, toBroker: 8, toClient: 6 });
    client.socket.destroy();
    await waitFor('the connection to be over', () => proxy.counts.open === 0);
    expect(proxy.counts).toEqual({ taken: 1, open: 0, toBroker: 8, toClient: 6 });
  });

  test('hands on more than any buffer holds, whole and in order', async () => {
    const { broker, client } = await pair();
    const text = Array.from({ length: 1_000_000 }, (_, index) => `${index} `).join('');
    broker.socket.pause();
    client.socket.end(text);
    await waitFor('a good part to be under way', () => proxy.counts.toBroker > 1_000_000);
    broker.socket.resume();
    expect(await ending(broker)).toBe('fin');
    expect(broker.read() === text).toBe(true);
  });

  test.each(['client', 'broker'] as const)('hands on how the %s ends: in good order, or with a RST', async (who) => {
    for (const how of ['fin', 'rst'] as const) {
      const both = await pair();
      const other = both[who === 'client' ? 'broker' : 'client'];
      both[who].socket.write('last words');
      await reads(other, 'last words');
      if (how === 'fin') both[who].socket.end();
      else both[who].socket.resetAndDestroy();
      expect(await ending(other)).toBe(how);
    }
  });
});

describe('a watcher', () => {
  test('sees what is said before the other end hears it, and can see to it that no answer comes', async () => {
    const { broker, client } = await pair();
    const seen: string[] = [];
    for (const { flows } of proxy.wires) {
      flows.toBroker.watch((chunk) => {
        seen.push(`${chunk.toString()}, when the broker has heard "${broker.read()}"`);
        if (chunk.includes('mute')) flows.toClient.pace({ type: 'silence' });
      });
    }
    broker.socket.on('data', () => broker.socket.write('answer'));
    client.socket.write('question');
    await reads(client, 'answer');
    client.socket.write('mute');
    await reads(broker, 'questionmute');
    expect(client.read()).toBe('answer');
    proxy.apply({ type: 'pass' });
    await reads(client, 'answeranswer');
    expect(seen).toEqual(['question, when the broker has heard ""', 'mute, when the broker has heard "question"']);
  });
});

describe('faults', () => {
  test('a reset now ends both ends of every open connection, and new ones are taken', async () => {
    const pairs = [await pair(), await pair()];
    proxy.cut();
    for (const { broker, client } of pairs) expect([await ending(client), await ending(broker)]).toEqual(['rst', 'rst']);
    const { broker, client } = await pair();
    client.socket.write('again');
    await reads(broker, 'again');
  });

  test.each(['toBroker', 'toClient'] as const)('a reset or a cut %s behind a byte lets exactly that many through', async (direction: Direction) => {
    for (const type of ['reset', 'truncate'] as const) {
      const { broker, client } = await pair();
      const [from, to] = direction === 'toBroker' ? [client, broker] : [broker, client];
      from.socket.write('before ');
      await reads(to, 'before ');
      proxy.apply({ type, at: { direction, bytes: 4 } });
      from.socket.write('123');
      await reads(to, 'before 123');
      from.socket.write('456789');
      expect(await ending(to)).toBe(type === 'reset' ? 'rst' : 'fin');
      expect(to.read()).toBe('before 1234');
      await waitFor('both ends to be closed', () => proxy.counts.open === 0);
    }
  });

  test('a silent wire hands on neither bytes nor an end, until it passes again', async () => {
    const { broker, client } = await pair();
    proxy.stall();
    client.socket.write('held');
    broker.socket.write('back');
    client.socket.end();
    const other = await pair();
    other.client.socket.write('a later connection is not concerned');
    await reads(other.broker, 'a later connection is not concerned');
    expect([broker.read(), client.read(), broker.ended()]).toEqual(['', '', undefined]);
    proxy.apply({ type: 'pass' });
    await reads(broker, 'held');
    expect(await ending(broker)).toBe('fin');
  });

  test.each(['fin', 'rst'] as const)('a silent wire keeps a %s of the broker to itself', async (how) => {
    const { broker, client } = await pair();
    proxy.stall();
    if (how === 'rst') broker.socket.resetAndDestroy();
    else broker.socket.destroy();
    // What comes behind it on the same machine has been handed on.
    const other = await pair();
    other.broker.socket.end();
    expect(await ending(other.client)).toBe('fin');
    expect(client.ended()).toBeUndefined();
  });

  test.each(['toBroker', 'toClient'] as const)('a wire that is dead %s lets the other direction live', async (direction) => {
    const { broker, client } = await pair();
    const [from, to] = direction === 'toBroker' ? [client, broker] : [broker, client];
    proxy.apply({ type: 'silence', direction });
    from.socket.write('lost in the dark');
    to.socket.write('heard');
    await reads(from, 'heard');
    expect(to.read()).toBe('');
    to.socket.destroy();
    expect(await ending(from)).toBe('fin');
  });

  test('a dripping wire hands on a few bytes at a time, and all of them', async () => {
    const { broker, client } = await pair();
    proxy.apply({ type: 'drip', bytes: 3, everyMs: 5 });
    const sizes: number[] = [];
    broker.socket.on('data', (text: string) => void sizes.push(text.length));
    client.socket.end('0123456789');
    expect(await ending(broker)).toBe('fin');
    expect(broker.read()).toBe('0123456789');
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6);
    expect(sizes.length).toBeGreaterThan(1);
  });

  test('one connection can have a fault of its own, and each new one is given its own', async () => {
    proxy.forNew((nth) => (nth === 2 ? { type: 'truncate', at: { direction: 'toBroker', bytes: 1 } } : { type: 'pass' }));
    const pairs = [await pair(), await pair(), await pair()];
    for (const { client } of pairs) client.socket.write('abc');
    await Promise.all(pairs.map(({ broker }, index) => reads(broker, index === 1 ? 'a' : 'abc')));
    proxy.wires[0]?.apply({ type: 'reset' });
    expect(await ending(pairs[0]!.client)).toBe('rst');
    expect(pairs[2]!.client.ended()).toBeUndefined();
  });

  test('refuses new connections while the open ones go on, and admits them again at the same port', async () => {
    const { broker, client } = await pair();
    proxy.refuse();
    const refused = knock();
    expect(await ending(refused)).toBe('rst');
    client.socket.write('still here');
    await reads(broker, 'still here');
    await proxy.admit();
    await pair();
    expect(proxy.counts).toMatchObject({ taken: 2, open: 2 });
  });
});

test('a byte that chance chooses is the same for a seed, lies below the bound, and is either way', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 100_000 }), (seed, most) => {
      const place = anywhere(seededRandom(seed), most);
      expect(place).toEqual(anywhere(seededRandom(seed), most));
      expect(place.bytes).toBeLessThan(most);
    }),
  );
  const random = seededRandom(1);
  expect(new Set(Array.from({ length: 20 }, () => anywhere(random, 9).direction))).toEqual(new Set(['toBroker', 'toClient']));
});
