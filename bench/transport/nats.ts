// A peer: a NATS JetStream stream on disk, and a durable pull consumer that acknowledges.
import { AckPolicy, connect, RetentionPolicy, StorageType, type ConsumerMessages } from 'nats';
import type { Peer } from '../harness.ts';
import { opaqueBody, prefetch, Tally, windowed, windowMessages } from './load.ts';
import { onServer } from './server-process.ts';

export interface NatsLoad {
  readonly messages: number;
  /** Events in one message. */
  readonly perMessage: number;
  readonly eventBytes: number;
}

const subject = 'events.bench.node';
const name = 'events';

const jetStream = (port: number, folder: string): readonly string[] => ['--addr', '127.0.0.1', '--port', `${port}`, '--jetstream', '--store_dir', folder];

const receiveAll = async (source: ConsumerMessages, messages: number, tally: Tally): Promise<void> => {
  for await (const message of source) {
    message.ack();
    if (tally.received() === messages) return;
  }
};

/** Events a second, from publish to acknowledgement. Leaving the loop over its messages ends the consumer. */
const oneWay = ({ messages, perMessage, eventBytes }: NatsLoad): Promise<number> =>
  onServer('nats-server', jetStream, async (port) => {
    const [sending, receiving] = await Promise.all([connect({ port }), connect({ port })]);
    const manager = await sending.jetstreamManager();
    await manager.streams.add({ name, subjects: ['events.>'], storage: StorageType.File, retention: RetentionPolicy.Workqueue });
    await manager.consumers.add(name, { durable_name: name, ack_policy: AckPolicy.Explicit });
    const consumer = await receiving.jetstream().consumers.get(name, name);
    const source = await consumer.consume({ max_messages: prefetch });
    const sender = sending.jetstream();
    const tally = new Tally(messages);
    const body = opaqueBody(perMessage * eventBytes);
    const rate = await tally.rate(() => {
      receiveAll(source, messages, tally).catch((error: unknown) => tally.fail(error));
      windowed(messages, windowMessages, (_, more) => {
        sender.publish(subject, body).then(
          () => {
            tally.confirmed();
            more();
          },
          (error: unknown) => tally.fail(error),
        );
      });
    });
    await Promise.all([sending.close(), receiving.close()]);
    return rate * perMessage;
  });

export const natsPeer = (what: string, load: NatsLoad): Peer => ({
  name: `NATS JetStream, on disk, ${what}`,
  needs: { command: 'nats-server', debianPackage: 'nats-server' },
  turn: () => oneWay(load),
});
