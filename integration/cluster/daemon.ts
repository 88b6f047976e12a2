// jetpackd as node/main.ts composes it, for tests that wrap its ports.
import os from 'node:os';
import path from 'node:path';
import type { Outbox } from '../../actors/node/messaging/ports.ts';
import { systemBootClock } from '../../effects/boot-clock.ts';
import { startNode } from '../../node/daemon.ts';
import { homePaths } from '../../node/home/paths.ts';
import { jetpackdHelp, parseNodeOptions } from '../../node/options.ts';
import { runDaemon } from '../../node/run-daemon.ts';
import { nodeTimes } from '../../node/times.ts';
import { binFolder, version } from '../../node/version.ts';
import { ok } from '../../protocol/result.ts';
import { connectAmqp } from '../../supervisors/amqp-transport.ts';
import { processHost } from '../../supervisors/program.ts';
import type { Transport } from '../../transport/port.ts';

export interface Wrapping {
  readonly overOutbox: (outbox: Outbox) => Outbox;
  readonly overTransport?: (transport: Transport) => Transport;
}

/** Runs it as the main program of this process. */
export const runWrappedDaemon = ({ overOutbox, overTransport = (transport) => transport }: Wrapping): Promise<void> =>
  runDaemon(
    {
      name: 'jetpackd',
      help: jetpackdHelp,
      parse: parseNodeOptions,
      logFile: ({ home }) => path.join(homePaths(home).logs, 'jetpackd.log'),
      instance: ({ address }) => `${address.cluster}/${address.node}`,
      start({ home, address, instance, broker, prefix }, around) {
        const { clock, random } = around;
        const node = startNode(
          { home, address, prefix, binFolder, times: nodeTimes, facts: { instanceId: instance ?? address.node, hostname: os.hostname(), version, pid: process.pid } },
          {
            ...around,
            env: process.env,
            bootClock: systemBootClock,
            openTransport: (topology, system) => overTransport(connectAmqp({ name: address.node, topology, ...broker, clock, random }, system)),
            overOutbox,
          },
        );
        return node.ok ? ok({ ...node.value, serving: node.value.serving.then(() => `jetpackd serves ${home}`) }) : node;
      },
    },
    processHost,
  );
