// A broker whose users suites of identities try out, and what they ask of it.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { BrokerKind } from '../broker/test-broker.ts';
import { SharedBroker } from '../broker/shared/shared-broker.ts';

/** What the broker answers to a deed on a channel of its own: `ok`, or why it closed the channel. */
export const attempt = async (connection: ChannelModel, deed: (channel: ConfirmChannel) => Promise<unknown>): Promise<string> => {
  const channel = await connection.createConfirmChannel();
  const closed = new Promise<string>((resolve) => channel.on('error', (error: Error) => resolve(error.message)));
  const done = deed(channel).then(
    () => 'ok',
    () => closed,
  );
  const outcome = await Promise.race([done, closed]);
  await channel.close().catch(() => undefined);
  return outcome;
};

export const publish = (connection: ChannelModel, exchange: string, key: string, body: Uint8Array, userId?: string): Promise<string> =>
  attempt(connection, async (channel) => {
    channel.publish(exchange, key, Buffer.from(body), userId === undefined ? {} : { userId });
    await channel.waitForConfirms();
  });

export interface UsersOfBroker {
  readonly broker: () => SharedBroker;
  /** Closed when the test has ended. */
  readonly connectedTo: (url: string) => Promise<ChannelModel>;
  readonly connectedUsers: () => Promise<readonly string[]>;
  /** Resolves when a connection of this user shows, which takes a moment. */
  readonly showsConnected: (user: string) => Promise<true>;
}

/** To be called in a block of tests, before its own hooks. */
export const useUsers = (kind: BrokerKind): UsersOfBroker => {
  let borrowed: SharedBroker | undefined;
  const connections: ChannelModel[] = [];

  beforeAll(async () => {
    borrowed = await SharedBroker.borrow(kind.name);
  }, 120_000);

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close().catch(() => undefined)));
  });

  afterAll(() => borrowed?.dispose());

  const broker = (): SharedBroker => {
    if (borrowed === undefined) throw new Error('there is no broker yet');
    return borrowed;
  };
  const connectedUsers = async (): Promise<readonly string[]> => (await broker().management.connections()).map(({ user }) => user);
  return {
    broker,
    connectedUsers,
    async connectedTo(url) {
      const connection = await connect(url);
      connection.on('error', () => undefined);
      connections.push(connection);
      return connection;
    },
    showsConnected: (user) => waitFor(`a connection of ${user} to show`, async () => (await connectedUsers()).includes(user)),
  };
};
