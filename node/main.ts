// jetpackd as a process.
import os from 'node:os';
import path from 'node:path';
import { systemBootClock } from '../effects/boot-clock.ts';
import { ok } from '../protocol/result.ts';
import { processHost } from '../supervisors/program.ts';
import { connectAmqp } from '../transport/amqp/transport.ts';
import { startNode } from './daemon.ts';
import { homePaths } from './home/paths.ts';
import { jetpackdHelp, parseNodeOptions } from './options.ts';
import { runDaemon } from './run-daemon.ts';
import { nodeTimes } from './times.ts';
import { binFolder, version } from './version.ts';

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
        { home, address, prefix, binFolder, times: nodeTimes, facts: { instanceId, hostname: os.hostname(), version, pid: process.pid } },
        { ...around, env: process.env, bootClock: systemBootClock, openTransport: (topology) => connectAmqp({ name: `jetpackd ${name}`, topology, url: brokerUrl, clock, random }) },
      );
      return node.ok ? ok({ ...node.value, serving: node.value.serving.then(() => `jetpackd serves ${home} as ${name}`) }) : node;
    },
  },
  processHost,
);
