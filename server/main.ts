// cycle-server as a process. Its event log goes to cycle_server.log, the log of the program itself to logs/.
import path from 'node:path';
import { runDaemon, type Daemon } from '../node/run-daemon.ts';
import { ok } from '../protocol/result.ts';
import { connectAmqp } from '../supervisors/amqp-transport.ts';
import { countEvent } from '../supervisors/events.ts';
import { processHost } from '../supervisors/program.ts';
import { startServer } from './daemon.ts';
import { serverIdentities } from './identities.ts';
import { cycleServerHelp, parseServerOptions, type ServerOptions } from './options.ts';
import { isServerVerb, runServerVerb } from './verbs/run.ts';

const daemon: Daemon<ServerOptions> = {
  name: 'cycle-server',
  help: cycleServerHelp,
  parse: parseServerOptions,
  logFile: ({ home }) => path.join(home, 'logs', 'cycle-server.log'),
  instance: ({ name }) => name,
  start(options, around) {
    const { broker, home, listen, name, prefix } = options;
    const { clock, logger, random } = around;
    for (const warning of options.warnings) logger.warn(warning);
    const server = startServer(
      { home, name, prefix, listen },
      { ...around, identities: serverIdentities(options), openTransport: (topology, system) => connectAmqp({ path: 'server/broker', name: `cycle-server ${name}`, topology, ...broker, clock, random, onEvent: countEvent(around.metrics) }, system) },
    );
    return server.ok ? ok({ ...server.value, serving: server.value.listening.then((url) => `cycle-server listens on ${url}`) }) : server;
  },
};

const [verb, ...rest] = processHost.argv;
await (isServerVerb(verb) ? runServerVerb(verb, rest, processHost) : runDaemon(daemon, processHost));
