// A peer: a Redis stream whose file is synced with every write, and a consumer group that acknowledges.
import { Redis } from 'ioredis';
import type { Peer } from '../harness.ts';
import { opaqueBody, prefetch, Tally, windowed, windowMessages } from './load.ts';
import { onServer } from './server-process.ts';

export interface BatchLoad {
  readonly messages: number;
  /** Events in one message. */
  readonly perMessage: number;
  readonly eventBytes: number;
  /** Messages in one pipeline. */
  readonly pipeline: number;
}

const stream = 'events';
const group = 'servers';

const durable = (port: number, folder: string): readonly string[] =>
  ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];

/** How many entries a reply to XREADGROUP holds, and their ids. */
const idsIn = (reply: unknown): readonly string[] => {
  // [[stream, [[id, fields], ...]]], as Redis documents it.
  const streams = reply as ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, unknown]>]> | null;
  return streams?.[0]?.[1].map(([id]) => id) ?? [];
};

const consumeAll = async (client: Redis, messages: number, tally: Tally): Promise<void> => {
  let received = 0;
  while (received < messages) {
    const ids = idsIn(await client.xreadgroup('GROUP', group, 'one', 'COUNT', prefetch, 'BLOCK', 1_000, 'STREAMS', stream, '>'));
    if (ids.length === 0) continue;
    await client.xack(stream, group, ...ids);
    received += ids.length;
    tally.received(ids.length);
  }
};

/** Events a second, from XADD to XACK. */
const oneWay = ({ messages, perMessage, eventBytes, pipeline }: BatchLoad): Promise<number> =>
  onServer('redis-server', durable, async (port) => {
    const [sender, receiver] = [new Redis({ port, host: '127.0.0.1' }), new Redis({ port, host: '127.0.0.1' })];
    await sender.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    const tally = new Tally(messages);
    const body = opaqueBody(perMessage * eventBytes);
    const send = async (): Promise<void> => {
      const commands = sender.pipeline();
      for (let index = 0; index < pipeline; index += 1) commands.xadd(stream, '*', 'event', body);
      for (const [error] of (await commands.exec()) ?? []) if (error !== null) throw error;
    };
    const rate = await tally.rate(() => {
      consumeAll(receiver, messages, tally).catch((error: unknown) => tally.fail(error));
      windowed(messages / pipeline, Math.floor(windowMessages / pipeline), (_, more) => {
        send().then(
          () => {
            tally.confirmed(pipeline);
            more();
          },
          (error: unknown) => tally.fail(error),
        );
      });
    });
    await Promise.all([sender.quit(), receiver.quit()]);
    return rate * perMessage;
  });

export const redisPeer = (name: string, load: BatchLoad): Peer => ({
  name: `Redis stream, AOF always, ${name}`,
  needs: { command: 'redis-server', debianPackage: 'redis-server' },
  turn: () => oneWay(load),
});
