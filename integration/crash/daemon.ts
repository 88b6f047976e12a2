// jetpackd as node/main.ts composes it, with a fuse (fuse.ts) in its ports.
import os from 'node:os';
import path from 'node:path';
import { systemBootClock } from '../../effects/boot-clock.ts';
import { startNode } from '../../node/daemon.ts';
import { homePaths } from '../../node/home/paths.ts';
import { jetpackdHelp, parseNodeOptions } from '../../node/options.ts';
import { runDaemon } from '../../node/run-daemon.ts';
import { nodeTimes } from '../../node/times.ts';
import { binFolder, version } from '../../node/version.ts';
import { ok } from '../../protocol/result.ts';
import { processHost } from '../../supervisors/program.ts';
import { connectAmqp } from '../../transport/amqp/transport.ts';
import { fuseFrom } from './fuse.ts';
import { fusedNodeTransport, fusedOutbox } from './fused.ts';

const reached = fuseFrom(process.env);

await runDaemon(
  {
    name: 'jetpackd',
    help: jetpackdHelp,
    parse: parseNodeOptions,
    logFile: ({ home }) => path.join(homePaths(home).logs, 'jetpackd.log'),
    start({ home, address, instanceId, brokerUrl, prefix }, around) {
      const { clock, random } = around;
      const node = startNode(
        { home, address, prefix, binFolder, times: nodeTimes, facts: { instanceId, hostname: os.hostname(), version, pid: process.pid } },
        {
          ...around,
          env: process.env,
          bootClock: systemBootClock,
          openTransport: (topology) => fusedNodeTransport(connectAmqp({ name: address.node, topology, url: brokerUrl, clock, random }), reached),
          overOutbox: fusedOutbox(reached),
        },
      );
      return node.ok ? ok({ ...node.value, serving: node.value.serving.then(() => `jetpackd serves ${home}`) }) : node;
    },
  },
  processHost,
);
