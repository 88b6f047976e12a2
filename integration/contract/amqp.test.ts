// The transport contract on a real broker: the one at hand (integration/broker/find.ts).
import { afterAll, beforeAll } from '@jest/globals';
import { describeTransportContract } from '../../transport/contract/contract.ts';
import { brokerUrl, type UsedBroker } from '../broker/find.ts';
import { amqpWorld } from './amqp-world.ts';

let broker: UsedBroker;

beforeAll(async () => {
  const found = await brokerUrl();
  if (found.url === undefined) throw new Error(`no broker to test against: ${found.reason}`);
  broker = found;
}, 120_000);

afterAll(() => broker?.dispose());

describeTransportContract('RabbitMQ', { world: () => Promise.resolve(amqpWorld(broker.url)) });
