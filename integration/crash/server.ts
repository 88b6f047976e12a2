// cycle-server as server/main.ts composes it, with a fuse (fuse.ts) in its ports.
import path from 'node:path';
import { runDaemon } from '../../node/run-daemon.ts';
import { ok } from '../../protocol/result.ts';
import { startServer } from '../../server/daemon.ts';
import { cycleServerHelp, parseServerOptions } from '../../server/options.ts';
import { processHost } from '../../supervisors/program.ts';
import { connectAmqp } from '../../transport/amqp/transport.ts';
import { fuseFrom } from './fuse.ts';
import { fusedServerTransport, fusedStore } from './fused.ts';

const reached = fuseFrom(process.env);

await runDaemon(
  {
    name: 'cycle-server',
    help: cycleServerHelp,
    parse: parseServerOptions,
    logFile: ({ home }) => path.join(home, 'logs', 'cycle-server.log'),
    start({ home, name, brokerUrl, prefix, listen }, around) {
      const { clock, random } = around;
      const server = startServer(
        { home, name, prefix, listen },
        {
          ...around,
          openTransport: (topology) => fusedServerTransport(connectAmqp({ name, topology, url: brokerUrl, clock, random }), reached),
          overStore: fusedStore(reached),
        },
      );
      return server.ok ? ok({ ...server.value, serving: server.value.listening.then((url) => `cycle-server listens on ${url}`) }) : server;
    },
  },
  processHost,
);
