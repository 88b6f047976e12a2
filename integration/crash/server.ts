// cycle-server as server/main.ts composes it, with a fuse (fuse.ts) in its ports.
import path from 'node:path';
import { runDaemon } from '../../node/run-daemon.ts';
import { ok } from '../../protocol/result.ts';
import { startServer } from '../../server/daemon.ts';
import { cycleServerHelp, parseServerOptions } from '../../server/options.ts';
import { connectAmqp } from '../../supervisors/amqp-transport.ts';
import { processHost } from '../../supervisors/program.ts';
import { fuseFrom } from './fuse.ts';
import { fusedServerTransport, fusedStore } from './fused.ts';

const reached = fuseFrom(process.env);

await runDaemon(
  {
    name: 'cycle-server',
    help: cycleServerHelp,
    parse: parseServerOptions,
    logFile: ({ home }) => path.join(home, 'logs', 'cycle-server.log'),
    instance: ({ name }) => name,
    start({ home, name, broker, prefix, listen }, around) {
      const { clock, random } = around;
      const server = startServer(
        { home, name, prefix, listen },
        {
          ...around,
          openTransport: (topology, system) => fusedServerTransport(connectAmqp({ name, topology, ...broker, clock, random }, system), reached),
          overStore: fusedStore(reached),
        },
      );
      return server.ok ? ok({ ...server.value, serving: server.value.listening.then((url) => `cycle-server listens on ${url}`) }) : server;
    },
  },
  processHost,
);
