// cycle-server as a process. Its event log goes to cycle_server.log, the log of the program itself to logs/.
import path from 'node:path';
import { runDaemon } from '../node/run-daemon.ts';
import { ok } from '../protocol/result.ts';
import { processHost } from '../supervisors/program.ts';
import { connectAmqp } from '../transport/amqp/transport.ts';
import { startServer } from './daemon.ts';
import { cycleServerHelp, parseServerOptions } from './options.ts';

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
        { ...around, openTransport: (topology) => connectAmqp({ name: `cycle-server ${name}`, topology, url: brokerUrl, clock, random }) },
      );
      return server.ok ? ok({ ...server.value, serving: server.value.listening.then((url) => `cycle-server listens on ${url}`) }) : server;
    },
  },
  processHost,
);
