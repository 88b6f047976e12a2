// What needs no broker: connects that lead nowhere. The rest is in integration/contract.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { statusesOf, until } from '../transport/contract/world.ts';
import { connectAlone } from './testing/connect-alone.ts';

const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Takes connections and does `serve` with them. The port it listens on. */
const listen = async (serve: (socket: Socket) => void): Promise<number> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    serve(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};

const open = (url: string, connectTimeoutMs = 100) => {
  const topology = { exchanges: [], queues: [], bindings: [] };
  const common = { name: 'test', topology, clock: systemClock, random: seededRandom(1), retryMs: { first: 10, most: 20 } };
  const transport = connectAlone({ ...common, urls: [url], connectTimeoutMs });
  cleanUps.push(() => transport.close());
  return { transport, statuses: statusesOf(transport) };
};

const silent = (): void => undefined;

const dripping = (socket: Socket): void => {
  const drip = setInterval(() => socket.write('\u0001'), 10);
  socket.on('close', () => clearInterval(drip));
};

describe('a connect that leads nowhere', () => {
  test.each([
    ['says nothing', silent],
    ['drips bytes that mean nothing', dripping],
  ])('to a peer that %s it ends after the time-out, and another is made', async (_, serve) => {
    const port = await listen(serve);
    const { statuses } = open(`amqp://user:s3cret@127.0.0.1:${port}/own`);
    await until('a second attempt is made', () => statuses.length >= 3);
    const reason = `amqp://127.0.0.1:${port}/own: no answer within 100 ms`;
    expect(statuses.slice(0, 3)).toEqual([
      { type: 'connecting', attempt: 1 },
      { type: 'disconnected', code: 'broker_unreachable', reason, retryInMs: expect.any(Number) },
      { type: 'connecting', attempt: 2 },
    ]);
  });

  test('to a peer that speaks something else it ends as soon as that hangs up', async () => {
    const port = await listen((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { statuses } = open(`amqp://127.0.0.1:${port}`, 60_000);
    await until('the attempt has ended', () => statuses.length >= 2);
    expect(statuses[1]).toMatchObject({ type: 'disconnected', code: 'broker_unreachable' });
  });

  test('closing does not wait for it', async () => {
    let taken = false;
    const port = await listen(() => (taken = true));
    const { transport, statuses } = open(`amqp://127.0.0.1:${port}`, 60_000);
    await until('the peer has taken the connection', () => taken);
    await transport.close();
    expect(statuses).toEqual([{ type: 'connecting', attempt: 1 }, { type: 'closed' }]);
  });

  test('a URL that is none ends the transport, and no status repeats it', async () => {
    const { transport, statuses } = open('http://user:s3cret@h');
    await until('it has failed', () => transport.state === 'failed');
    expect(statuses).toMatchObject([{ type: 'failed', code: 'config_invalid' }]);
    expect(JSON.stringify(statuses)).not.toContain('s3cret');
  });
});
