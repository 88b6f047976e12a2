import { afterAll, beforeAll } from '@jest/globals';
import { describeTransportContract } from '../../transport/contract/contract.ts';
import { startRabbit } from '../broker/find.ts';
import type { Rabbit } from '../broker/rabbit.ts';
import { amqpWorld } from './amqp-world.ts';

let rabbit: Rabbit;

beforeAll(async () => {
  rabbit = await startRabbit();
}, 120_000);

afterAll(() => rabbit?.dispose());

describeTransportContract('RabbitMQ', { world: () => Promise.resolve(amqpWorld(rabbit.url())) });
