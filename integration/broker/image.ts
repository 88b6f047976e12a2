// RabbitMQ from a Docker image that is present already.
import type { UsedBroker } from './find.ts';

export const startImage = async (image: string): Promise<UsedBroker> => {
  // Its reaper is an image of its own that might have to be pulled; `dispose` ends the container instead.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(image)
    .withExposedPorts(5672)
    .withWaitStrategy(Wait.forLogMessage(/Server startup complete/))
    .start();
  return {
    url: `amqp://guest:guest@${container.getHost()}:${container.getMappedPort(5672)}`,
    dispose: async () => {
      await container.stop();
    },
  };
};
