// jetpackd as node/main.ts composes it, with a fuse (fuse.ts) in its ports. Its options are jetpackd's.
import os from 'node:os';
import path from 'node:path';
import { systemClock as clock } from '../../effects/clock.ts';
import { systemRandom as random } from '../../effects/random.ts';
import { startNode } from '../../node/daemon.ts';
import { homePaths } from '../../node/home/paths.ts';
import { parseNodeOptions, type NodeOptions } from '../../node/options.ts';
import { openProgramLog } from '../../node/program-log.ts';
import { version } from '../../node/version.ts';
import type { Result } from '../../protocol/result.ts';
import { exitWith, processHost, runProgram, type RunningProgram } from '../../supervisors/program.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { connectAmqp } from '../../transport/amqp/transport.ts';
import { fuseFrom } from './fuse.ts';
import { fusedNodeTransport, fusedOutbox } from './fused.ts';

const times = { heartbeatMs: 10_000, registerAgainMs: 1_000 };

const start = ({ home, address, instanceId, brokerUrl, prefix }: NodeOptions): Result<RunningProgram> => {
  const reached = fuseFrom(processHost.env);
  const { logger } = openProgramLog(path.join(homePaths(home).logs, 'jetpackd.log'), 'info', clock);
  const name = `jetpackd ${address.cluster}/${address.node}`;
  const node = startNode(
    { home, address, prefix, times, facts: { instanceId, hostname: os.hostname(), version, pid: process.pid } },
    {
      openTransport: (topology) => fusedNodeTransport(connectAmqp({ name, topology, url: brokerUrl, clock, random }), reached),
      overOutbox: fusedOutbox(reached),
      metrics: createMetrics(clock),
      clock,
      random,
      logger,
    },
  );
  if (node.ok) void node.value.serving.then(() => process.stdout.write(`${name} serves\n`));
  return node;
};

const options = parseNodeOptions(processHost.argv, processHost.env);
if (!options.ok) exitWith(processHost, 'daemon', options.error);
else if (options.value !== 'help') {
  const { value } = options;
  await runProgram(processHost, 'daemon', () => Promise.resolve(start(value)));
}
