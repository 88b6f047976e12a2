import { expect, test } from '@jest/globals';
import type { Settlement } from '../port.ts';
import { collect, connected, message, outcomes, statusesOf, topicTopology, until, type World } from './world.ts';

const types = (statuses: readonly { readonly type: string }[]): readonly string[] => statuses.map(({ type }) => type);

export const lifecycleContract = (world: () => World): void => {
  const topologyOf = (prefix: string) => topicTopology(prefix, [{ name: 'q', type: 'quorum' }]);

  test('statuses come in order, and the state agrees with the last of them', async () => {
    const { prefix, link } = world();
    const wire = await link(topologyOf(prefix));
    const { transport } = wire;
    const statuses = statusesOf(transport);
    const states: string[] = [];
    transport.onStatus(() => void states.push(transport.state));
    expect(transport.state).toBe('connecting');
    await connected(wire);
    wire.drop();
    await until('it is connected again', () => types(statuses).filter((type) => type === 'connected').length === 2);
    await transport.close();
    expect(types(statuses)).toEqual(['connecting', 'connected', 'disconnected', 'connecting', 'connected', 'closed']);
    expect(states).toEqual(['connecting', 'connected', 'connecting', 'connecting', 'connected', 'closed']);
    expect(statuses[2]).toMatchObject({ code: 'broker_unreachable', retryInMs: expect.any(Number) });
  });

  test('a listener that throws harms no one, and one that has left hears nothing', async () => {
    const { prefix, link } = world();
    const wire = await link(topologyOf(prefix));
    const left: string[] = [];
    wire.transport.onStatus(() => {
      throw new Error('thrown by a listener');
    });
    wire.transport.onStatus(({ type }) => void left.push(type))();
    const statuses = statusesOf(wire.transport);
    const transport = await connected(wire);
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'confirmed' });
    expect(types(statuses)).toEqual(['connecting', 'connected']);
    expect(left).toEqual([]);
  });

  test('a wish to consume is taken before the connection stands, and kept over its loss', async () => {
    const { prefix, link } = world();
    const wire = await link(topologyOf(prefix));
    const got = await collect(wire.transport, `${prefix}.q`);
    const transport = await connected(wire);
    await transport.publish(message(`${prefix}.x`, 'k', 'first'));
    await got.arrived(1);
    for (const body of ['second', 'third']) {
      wire.drop();
      await until('the loss is noticed', () => transport.state !== 'connected');
      await connected(wire);
      await transport.publish(message(`${prefix}.x`, 'k', body));
      await until(`${body} has arrived`, () => got.bodies().includes(body));
    }
    await got.subscription.cancel();
    expect([...new Set(got.bodies())]).toEqual(['first', 'second', 'third']);
  });

  test('consuming a queue outside the topology is a mistake that is told at once', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topologyOf(prefix)));
    await expect(collect(transport, `${prefix}.nowhere`)).rejects.toThrow(`${prefix}.nowhere`);
  });

  test('`cancel` waits for the handlers under way, takes no more, and leaves the rest to others', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topologyOf(prefix)));
    let finish = (): void => undefined;
    const first = await collect(transport, `${prefix}.q`, () => new Promise<Settlement>((resolve) => (finish = () => resolve('ack'))), 1);
    await outcomes(['a', 'b'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await first.arrived(1);
    const order: string[] = [];
    const cancelled = first.subscription.cancel().then(() => order.push('cancelled'));
    const second = await collect(transport, `${prefix}.q`);
    await second.arrived(1);
    order.push('others');
    finish();
    await cancelled;
    expect(order).toEqual(['others', 'cancelled']);
    expect([first.bodies(), second.bodies()]).toEqual([['a'], ['b']]);
  });

  test('`drain` refuses new publishes, gives every one in flight its outcome, and lets handlers finish and settle', async () => {
    const { prefix, link } = world();
    const topology = topologyOf(prefix);
    const transport = await connected(link(topology));
    let finish = (): void => undefined;
    const got = await collect(transport, `${prefix}.q`, () => new Promise<Settlement>((resolve) => (finish = () => resolve('ack'))), 1);
    await transport.publish(message(`${prefix}.x`, 'k', 'handled'));
    await got.arrived(1);
    const inFlight = ['a', 'b'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body)));
    const drained = transport.drain();
    expect(transport.drain()).toBe(drained);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'too late'))).toEqual({ outcome: 'closed' });
    expect(await outcomes(inFlight)).toEqual(['confirmed', 'confirmed']);
    expect(transport.state).not.toBe('closed');
    finish();
    await drained;
    expect([transport.state, transport.inFlight, got.bodies()]).toEqual(['closed', 0, ['handled']]);
    const rest = await collect(await connected(link(topology)), `${prefix}.q`);
    await rest.arrived(2);
    expect(rest.deliveries.map(({ body, redelivered }) => [Buffer.from(body).toString(), redelivered])).toEqual([
      ['a', false],
      ['b', false],
    ]);
  });

  test('`close` gives back what is unsettled, cuts a drain short, and may be called again', async () => {
    const { prefix, link } = world();
    const topology = topologyOf(prefix);
    const transport = await connected(link(topology));
    const got = await collect(transport, `${prefix}.q`, () => new Promise<Settlement>(() => undefined));
    await transport.publish(message(`${prefix}.x`, 'k', 'unsettled'));
    await got.arrived(1);
    const drained = transport.drain();
    await Promise.all([transport.close(), transport.close(), drained]);
    expect(transport.state).toBe('closed');
    const other = await collect(await connected(link(topology)), `${prefix}.q`);
    await other.arrived(1);
    expect(other.deliveries[0]).toMatchObject({ redelivered: true });
    expect(other.bodies()).toEqual(['unsettled']);
  });

  test('a transport that was closed before it connected stays closed', async () => {
    const { prefix, link } = world();
    const { transport } = await link(topologyOf(prefix));
    const statuses = statusesOf(transport);
    await transport.close();
    const witness = await connected(link(topologyOf(prefix)));
    expect([transport.state, witness.state]).toEqual(['closed', 'connected']);
    expect(types(statuses).at(-1)).toBe('closed');
    expect(types(statuses)).not.toContain('connected');
  });

  test('a queue deleted under its consumer is declared again and consumed anew', async () => {
    const { prefix, link, deleteQueue } = world();
    const transport = await connected(link(topologyOf(prefix)));
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    await transport.publish(message(`${prefix}.x`, 'k', 'before'));
    await got.arrived(1);
    await deleteQueue(`${prefix}.q`);
    await until('the loss is told', () => statuses.length > 0);
    expect(statuses[0]).toEqual({ type: 'consumerLost', queue: `${prefix}.q`, code: 'transport_closed', reason: expect.stringContaining('the broker cancelled it') });
    let outcome = 'unroutable';
    while (outcome === 'unroutable') ({ outcome } = await transport.publish(message(`${prefix}.x`, 'k', 'after')));
    expect(outcome).toBe('confirmed');
    await got.arrived(2);
    expect(got.bodies()).toEqual(['before', 'after']);
    expect(transport.state).toBe('connected');
  });
};
