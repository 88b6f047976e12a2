// Row 26 of the faults: a fleet whose connections all break at one moment, and a server that answers while it comes back. The fleet
// is the transports of its nodes, without the rest of their daemons; the server is a real one.
import { expect, test } from '@jest/globals';
import { bodies, frame } from '../../actors/testing/frames.ts';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import { routingKey } from '../../protocol/routing.ts';
import { connectAlone } from '../../supervisors/testing/connect-alone.ts';
import { message } from '../../transport/contract/world.ts';
import { namesFor, nodeQueue, nodeTopology } from '../../transport/topology.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import { through } from '../broker/through.ts';
import { clusterName } from '../cluster/process-cluster.ts';
import { useProcesses } from './process-world.ts';

/** Each has two connections. */
const fleet = 60;
/** Of the server, to one who asks while hundreds of others do. */
const answerMs = 10_000;

const world = useProcesses();

interface Member {
  readonly close: () => Promise<void>;
  /** How often the server has answered its registration. */
  readonly answers: () => number;
  /** Registers, and resolves with how long the answer took, milliseconds. */
  readonly ask: () => Promise<number>;
}

/** A node that registers whenever it is connected, as daemons do. */
const enlist = async (url: string, prefix: string, node: string): Promise<Member> => {
  const address = { cluster: clusterName, node };
  const transport = connectAlone({ name: node, topology: nodeTopology(prefix, address), urls: [url], clock: systemClock, random: systemRandom });
  let answers = 0;
  const register = () => transport.publish(message(namesFor(prefix).reports, routingKey({ type: 'register', ...address }), '', { body: encodeFrame(frame('register', { ...bodies.register, instanceId: node }, { from: address })) }));
  transport.onStatus(({ type }) => void (type === 'connected' && register()));
  await transport.consume(nodeQueue(prefix, address), { prefetch: 10 }, ({ body }) => {
    const decoded = decodeFrame(body);
    if (decoded.ok && decoded.value.kind === 'registered') answers += 1;
    return 'ack';
  });
  return {
    close: () => transport.close(),
    answers: () => answers,
    ask: async () => {
      const [before, since] = [answers, performance.now()];
      expect(await register()).toEqual({ outcome: 'confirmed' });
      await waitFor('an answer of the server', () => answers > before, answerMs);
      return performance.now() - since;
    },
  };
};

test(`row 26: ${fleet} nodes that lose their connections at one moment all come back and are answered, and so is everybody else meanwhile`, async () => {
  const broker = world.broker();
  const cluster = world.plain();
  await cluster.startServer();
  await waitFor('a server that is well', async () => (await fetch(new URL('/healthz', cluster.url))).status === 200);
  const wire = await TcpProxy.open({ host: '127.0.0.1', port: broker.port });
  world.later(() => wire.dispose());
  const onWire = through(broker.url(), wire);
  const members = await Promise.all(Array.from({ length: fleet }, (_, index) => enlist(onWire, cluster.prefix, `n${index}`)));
  const beside = await enlist(broker.url(), cluster.prefix, 'beside');
  world.later(() => Promise.all([beside, ...members].map(({ close }) => close())));
  const answered = (times: number): number => members.filter(({ answers }) => answers() >= times).length;
  await waitFor('everybody to be registered', () => answered(1) === fleet && beside.answers() > 0, 60_000);
  expect(wire.counts).toMatchObject({ taken: 2 * fleet, open: 2 * fleet });

  const since = performance.now();
  wire.cut();
  const took: number[] = [];
  while (answered(2) < fleet) {
    took.push(await beside.ask());
    expect((await fetch(new URL('/api/nodes', cluster.url))).status).toBe(200);
    if (performance.now() - since > 60_000) throw new Error(`only ${answered(2)} of ${fleet} came back within a minute`);
  }
  const backMs = performance.now() - since;
  process.stderr.write(`${fleet} nodes were back within ${Math.round(backMs)} ms; meanwhile the server answered ${took.length} questions of another, the slowest within ${Math.round(Math.max(...took))} ms\n`);
  expect(took.length).toBeGreaterThan(1);
  await waitFor('all connections', () => wire.counts.open === 2 * fleet);
}, 180_000);
