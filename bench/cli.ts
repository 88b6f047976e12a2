// Both forms of the command line, as they are installed, beside what takes the least time there is and beside other programs
// (docs/BENCHMARKS.md). Every figure is of whole processes, from start to end, as a shell's loop has them, unless it says otherwise.
import type { BenchBroker } from './broker.ts';
import { BenchNode, type ReadyNode } from './cli/bench-node.ts';
import { peersOf } from './cli/peers.ts';
import { echoed, framesAnswered, linesAnswered } from './cli/requests.ts';
import { looped, medianMs, spawnMs } from './cli/spawn.ts';
import type { Comparison, Peer, Suite } from './harness.ts';
import { inTurn, latencyTurns } from './latency.ts';

const runs = 3;
const loop = 20;

/** What the Node form may take of bare Node's time, and a request of an echo's. */
const nodeAim = 1.3;
const requestAim = 2;

/** Of either side, one after the other. */
const requests = 1_000;

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly peers: Parameters<typeof peersOf>[0];
}

const calls: readonly Call[] = [
  { name: 'config KEY', args: ['config', 'cyclecloud.node.name'], peers: 'read' },
  { name: 'log', args: ['log', 'the scheduler is ready'], peers: 'publish' },
  { name: 'keepalive', args: ['keepalive', '1h'], peers: 'put' },
  { name: 'send', args: ['send', 'the scheduler is ready', '--routing-key', 'bench.message'], peers: 'publish' },
];

/** Without a daemon. */
const worksAlone: ReadonlySet<string> = new Set(['config KEY', 'log']);

const nothing: Peer = { name: '/bin/true', turn: async () => medianMs(runs, { command: '/bin/true', args: [] }) };
const bareNode: Peer = { name: 'node -e 0', turn: async () => medianMs(runs, { command: process.execPath, args: ['-e', '0'] }) };

const shape = { unit: 'ms', less: true } as const;

const callComparisons = (node: BenchNode, broker: BenchBroker): readonly Comparison[] =>
  calls.flatMap(({ args, name, peers }) => {
    const turn = (form: 'front' | 'nodeForm') => async (): Promise<number> => {
      const ready = await node.ready();
      return medianMs(runs, { command: ready[form], args, env: ready.env });
    };
    return [
      { ...shape, name: `${name}, the front`, aim: undefined, peer: nothing, others: peersOf(peers, broker), product: { name: `jetpack ${args[0]}`, turn: turn('front') } },
      { ...shape, name: `${name}, the Node form`, aim: nodeAim, peer: bareNode, product: { name: `jetpack-node ${args[0]}`, turn: turn('nodeForm') } },
    ];
  });

/** What is left to the commands, in full. */
const awayComparison = (node: BenchNode, { args, name }: Call): Comparison => ({
  ...shape,
  name: `${name}, the Node form while jetpackd is away`,
  aim: nodeAim,
  peer: bareNode,
  product: {
    name: `jetpack-node ${args[0]}`,
    async turn() {
      const { awayEnv: env, nodeForm: command } = await node.ready();
      return medianMs(runs, { command, args, env });
    },
  },
});

const loopComparison = (node: BenchNode, form: 'front' | 'nodeForm', peer: Peer, aim: number | undefined): Comparison => ({
  ...shape,
  name: `${loop} of log in a loop while the broker is away, ${form === 'front' ? 'the front' : 'the Node form'}`,
  aim,
  peer,
  product: {
    name: `${loop} of log`,
    async turn() {
      const { env, [form]: command } = await node.ready();
      return spawnMs(looped(loop, { command, args: ['log', 'still there'], env }));
    },
  },
});

const request = (node: BenchNode, name: string, product: (ready: ReadyNode) => Promise<void>): Comparison => {
  const turns = latencyTurns('p50', async () => {
    const ready = await node.ready();
    return inTurn(requests, () => echoed(ready.echo), () => product(ready));
  });
  return {
    ...shape,
    name: `a request over the socket, p50: ${name}`,
    aim: requestAim,
    peer: { name: 'an echo over a socket', turn: turns.peer },
    product: { name: 'keepalive show', turn: turns.product },
  };
};

export const cli = (broker: BenchBroker): Suite => {
  const node = new BenchNode();
  return {
    title: 'The command line',
    libraries: ['commander', 'esbuild'],
    comparisons: [
      ...callComparisons(node, broker),
      ...calls.filter(({ name }) => worksAlone.has(name)).map((call) => awayComparison(node, call)),
      loopComparison(node, 'front', { name: `${loop} of /bin/true`, turn: async () => spawnMs(looped(loop, { command: '/bin/true', args: [] })) }, undefined),
      loopComparison(node, 'nodeForm', { name: `${loop} of node -e 0`, turn: async () => spawnMs(looped(loop, { command: process.execPath, args: ['-e', '0'] })) }, nodeAim),
      request(node, 'frames of the front', ({ home, sockets }) => framesAnswered(sockets.front, home)),
      request(node, 'JSON lines', ({ sockets }) => linesAnswered(sockets.cluster)),
    ],
    versions: () => broker.versions,
    async close() {
      await node.close();
      await broker.close();
    },
  };
};
