// A transport over RabbitMQ with an actor system of its own, which ends with it: for tests that need no daemon around it.
import { createActorSystem } from '../../actors/runtime.ts';
import { silentLogger, type Logger } from '../../effects/logger.ts';
import type { AmqpOptions } from '../../transport/amqp/options.ts';
import type { Transport } from '../../transport/port.ts';
import { connectAmqp } from '../amqp-transport.ts';

export const connectAlone = (options: AmqpOptions, logger: Logger = silentLogger): Transport => {
  const { clock, name, random } = options;
  const system = createActorSystem({ name, clock, random, logger });
  const transport = connectAmqp(options, system);
  transport.onStatus(({ type }) => {
    if (type === 'closed') system.stop();
  });
  return transport;
};
