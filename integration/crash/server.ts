// cycle-server as server/main.ts composes it, with a fuse (fuse.ts) in its ports. Its options are cycle-server's.
import path from 'node:path';
import { systemClock as clock } from '../../effects/clock.ts';
import { systemRandom as random } from '../../effects/random.ts';
import { openProgramLog } from '../../node/program-log.ts';
import type { Result } from '../../protocol/result.ts';
import { startServer } from '../../server/daemon.ts';
import { parseServerOptions, type ServerOptions } from '../../server/options.ts';
import { exitWith, processHost, runProgram, type RunningProgram } from '../../supervisors/program.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { connectAmqp } from '../../transport/amqp/transport.ts';
import { fuseFrom } from './fuse.ts';
import { fusedServerTransport, fusedStore } from './fused.ts';

const start = ({ home, name, brokerUrl, prefix, listen }: ServerOptions): Result<RunningProgram> => {
  const reached = fuseFrom(processHost.env);
  const { logger } = openProgramLog(path.join(home, 'logs', 'cycle-server.log'), 'info', clock);
  const server = startServer(
    { home, name, prefix, listen },
    {
      openTransport: (topology) => fusedServerTransport(connectAmqp({ name: `cycle-server ${name}`, topology, url: brokerUrl, clock, random }), reached),
      overStore: fusedStore(reached),
      metrics: createMetrics(clock),
      clock,
      random,
      logger,
    },
  );
  if (server.ok) void server.value.listening.then((url) => process.stdout.write(`cycle-server listens on ${url}\n`));
  return server;
};

const options = parseServerOptions(processHost.argv, processHost.env);
if (!options.ok) exitWith(processHost, 'server', options.error);
else if (options.value !== 'help') {
  const { value } = options;
  await runProgram(processHost, 'server', () => Promise.resolve(start(value)));
}
