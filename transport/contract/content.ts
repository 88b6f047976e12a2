import { expect, test } from '@jest/globals';
import { collect, connected, message, topicTopology, type World } from './world.ts';

export const contentContract = (world: () => World): void => {
  const start = async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topicTopology(prefix, [{ name: 'q', type: 'classic' }])));
    return { transport, exchange: `${prefix}.x`, queue: `${prefix}.q` };
  };

  test.each([
    ['empty', Buffer.alloc(0)],
    ['every byte there is', Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index))],
    ['1 MiB', Buffer.alloc(1024 * 1024, 'jetpack ')],
  ])('a body arrives as the bytes it was: %s', async (_, body) => {
    const { transport, exchange, queue } = await start();
    const got = await collect(transport, queue);
    await transport.publish(message(exchange, 'k', '', { body }));
    await got.arrived(1);
    const [delivery] = got.deliveries;
    expect(delivery!.body).toBeInstanceOf(Uint8Array);
    expect(body.equals(delivery!.body)).toBe(true);
  });

  test('a view into a larger buffer sends only what it views', async () => {
    const { transport, exchange, queue } = await start();
    const got = await collect(transport, queue);
    await transport.publish(message(exchange, 'k', '', { body: new TextEncoder().encode('beyond inside beyond').subarray(7, 13) }));
    await got.arrived(1);
    expect(got.bodies()).toEqual(['inside']);
  });

  test.each([20, 100_000])('changing a buffer of %d bytes after the publish changes nothing', async (length) => {
    const { transport, exchange, queue } = await start();
    const got = await collect(transport, queue);
    const body = Buffer.alloc(length, 'a');
    const headers = { h: 'before' };
    const published = transport.publish(message(exchange, 'k', '', { body, headers }));
    body.fill('b');
    headers.h = 'after';
    await published;
    await got.arrived(1);
    expect(Buffer.alloc(length, 'a').equals(got.deliveries[0]!.body)).toBe(true);
    expect(got.deliveries[0]!.headers).toMatchObject({ h: 'before' });
  });

  test('a receiver that scribbles over its bytes does not change what is delivered again', async () => {
    const { transport, exchange, queue } = await start();
    const seen: string[] = [];
    const got = await collect(transport, queue, ({ body, redelivered }) => {
      seen.push(Buffer.from(body).toString());
      body.fill(0);
      return redelivered ? 'ack' : 'requeue';
    });
    await transport.publish(message(exchange, 'k', 'clean'));
    await got.arrived(2);
    expect(seen).toEqual(['clean', 'clean']);
  });

  test('headers, ids, content type, exchange, key and queue arrive', async () => {
    const { transport, exchange, queue } = await start();
    const got = await collect(transport, queue);
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', count: 7, ratio: 0.5, negative: -3, flag: true };
    const sent = { messageId: 'id-1', correlationId: 'of-2', contentType: 'application/json', headers };
    await transport.publish(message(exchange, 'a.b', '{}', sent));
    await got.arrived(1);
    const [delivery] = got.deliveries;
    expect(delivery).toMatchObject({ ...sent, headers, exchange, queue, routingKey: 'a.b', redelivered: false });
  });

  test('what was not sent is absent', async () => {
    const { transport, exchange, queue } = await start();
    const got = await collect(transport, queue);
    await transport.publish(message(exchange, 'k', '{}'));
    await got.arrived(1);
    const [delivery] = got.deliveries;
    expect(delivery!.correlationId).toBeUndefined();
    expect(delivery!.contentType).toBeUndefined();
    expect(delivery!.headers).toEqual({});
  });

  test('one publisher, one queue and one consumer keep the order', async () => {
    const { transport, exchange, queue } = await start();
    const bodies = Array.from({ length: 500 }, (_, index) => `${index}`);
    const got = await collect(transport, queue, () => Promise.resolve('ack'), 50);
    await Promise.all(bodies.map((body) => transport.publish(message(exchange, 'k', body))));
    await got.arrived(bodies.length);
    expect(got.bodies()).toEqual(bodies);
  });
};
