// The transport contract, unchanged, on every RabbitMQ at hand (integration/broker/at-hand.ts), or on the one that
// JETPACK_TEST_AMQP_URL names.
import { afterAll, beforeAll, describe } from '@jest/globals';
import { describeTransportContract } from '../../transport/contract/contract.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { givenUrl } from '../broker/find.ts';
import { SharedBroker } from '../broker/shared/shared-broker.ts';
import { amqpWorld } from './amqp-world.ts';

const given = givenUrl();

if (given !== undefined) {
  describeTransportContract('the RabbitMQ that was named', { world: () => Promise.resolve(amqpWorld(given)) });
} else {
  describe.each(await brokersAtHand())('$title:', (kind) => {
    let broker: SharedBroker;

    beforeAll(async () => {
      broker = await SharedBroker.borrow(kind.name);
    }, 180_000);

    afterAll(() => broker?.dispose());

    describeTransportContract(kind.title, { world: () => Promise.resolve(amqpWorld(broker.url())) });
  });
}
