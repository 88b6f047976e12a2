// jetpackd as a process.
import os from 'node:os';
import path from 'node:path';
import { ok } from '../protocol/result.ts';
import { processHost } from '../supervisors/program.ts';
import { connectAmqp } from '../transport/amqp/transport.ts';
import { startNode } from './daemon.ts';
import { homePaths } from './home/paths.ts';
import { jetpackdHelp, parseNodeOptions } from './options.ts';
import { runDaemon } from './run-daemon.ts';
import { version } from './version.ts';

const times = { heartbeatMs: 10_000, registerAgainMs: 1_000 };

await runDaemon(
  {
    name: 'jetpackd',
    help: jetpackdHelp,
    parse: parseNodeOptions,
    logFile: ({ home }) => path.join(homePaths(home).logs, 'jetpackd.log'),
    start({ home, address, instanceId, brokerUrl, prefix }, around) {
      const { clock, random } = around;
      const name = `${address.cluster}/${address.node}`;
      const node = startNode(
        { home, address, prefix, times, facts: { instanceId, hostname: os.hostname(), version, pid: process.pid } },
        { ...around, openTransport: (topology) => connectAmqp({ name: `jetpackd ${name}`, topology, url: brokerUrl, clock, random }) },
      );
      return node.ok ? ok({ ...node.value, serving: node.value.serving.then(() => `jetpackd serves ${home} as ${name}`) }) : node;
    },
  },
  processHost,
);
