// The product's transport by itself: what its users call, and nothing around it.
import { createActorSystem } from '../../actors/runtime.ts';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { systemRandom } from '../../effects/random.ts';
import { connectAmqp } from '../../supervisors/amqp-transport.ts';
import type { Transport } from '../../transport/port.ts';
import type { Topology } from '../../transport/topology.ts';
import type { BrokerAccess } from './fresh.ts';
import { onFreshQueue } from './fresh.ts';
import type { SendOne } from '../latency.ts';
import { opaqueBody, prefetch, Tally, windowed, windowMessages } from './load.ts';

const connected = (transport: Transport): Promise<void> =>
  new Promise((resolve, reject) => {
    if (transport.state === 'connected') resolve();
    transport.onStatus((status) => {
      if (status.type === 'connected') resolve();
      else if (status.type === 'failed') reject(new Error(status.reason));
    });
  });

/** A transport in an actor system of its own, connected. */
const onTransport = async <T>(access: BrokerAccess, topology: Topology, run: (transport: Transport) => Promise<T>): Promise<T> => {
  const around = { clock: systemClock, random: systemRandom };
  const system = createActorSystem({ ...around, name: 'bench', logger: silentLogger });
  const { url, ca } = access;
  const transport = connectAmqp({ ...around, name: 'bench', topology, urls: [url], ...(ca === undefined ? {} : { tls: { ca } }) }, system);
  try {
    await connected(transport);
    return await run(transport);
  } finally {
    await transport.close();
    system.stop();
  }
};

const send = async (transport: Transport, exchange: string, routingKey: string, body: Uint8Array, index: number): Promise<void> => {
  const { outcome } = await transport.publish({ exchange, routingKey, body, messageId: `${index}`, persistent: true });
  if (outcome !== 'confirmed') throw new Error(`a publish was ${outcome}`);
};

export interface OurLoad {
  readonly messages: number;
  readonly bytes: number;
}

/** Gives `run` what lets so many messages through and resolves with their rate, from publish to acknowledgement. */
export const ourFlow = <T>(access: BrokerAccess, bytes: number, run: (flow: (messages: number) => Promise<number>) => Promise<T>): Promise<T> =>
  onFreshQueue(access, ({ topology, exchange, queue, key }) =>
    onTransport(access, topology, async (transport) => {
      let tally = new Tally(0);
      await transport.consume(queue, { prefetch }, () => {
        tally.received();
        return 'ack';
      });
      const body = opaqueBody(bytes);
      const result = await run((messages) => {
        const own = (tally = new Tally(messages));
        return own.rate(() =>
          windowed(messages, windowMessages, (index, more) => {
            send(transport, exchange, key, body, index).then(
              () => {
                own.confirmed();
                more();
              },
              (error: unknown) => own.fail(error),
            );
          }),
        );
      });
      await transport.drain();
      return result;
    }),
  );

/** Messages a second. */
export const ourOneWay = (access: BrokerAccess, { messages, bytes }: OurLoad): Promise<number> => ourFlow(access, bytes, (flow) => flow(messages));

/** Gives `run` what publishes one message and waits for its confirm. */
export const ourSending = <T>(access: BrokerAccess, bytes: number, run: (send: SendOne) => Promise<T>): Promise<T> =>
  onFreshQueue(access, ({ topology, exchange, key }) =>
    onTransport(access, topology, (transport) => {
      const body = opaqueBody(bytes);
      let index = 0;
      return run(() => send(transport, exchange, key, body, (index += 1)));
    }),
  );
