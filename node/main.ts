// jetpackd as a process.
import os from 'node:os';
import path from 'node:path';
import { systemBootClock } from '../effects/boot-clock.ts';
import { ok, type Result } from '../protocol/result.ts';
import { connectAmqp } from '../supervisors/amqp-transport.ts';
import { countEvent } from '../supervisors/events.ts';
import { processHost } from '../supervisors/program.ts';
import { nodeUser } from '../transport/topology.ts';
import { startNode } from './daemon.ts';
import { homePaths } from './home/paths.ts';
import { readRecord } from './home/instance-record.ts';
import { runEnroll } from './enroll/run.ts';
import { accessLayer } from './http/access.ts';
import { readCache } from './metadata/cache.ts';
import { createFinder } from './metadata/find.ts';
import { readMachineIdentity } from './metadata/machine-identity.ts';
import { resolveInstance } from './metadata/resolve.ts';
import { jetpackdHelp, parseNodeOptions, type NodeOptions } from './options.ts';
import { neverBegan, runDaemon, type Daemon, type StartedDaemon } from './run-daemon.ts';
import { nodeTimes } from './times.ts';
import { binFolder, version } from './version.ts';

const daemon: Daemon<NodeOptions> = {
  name: 'jetpackd',
  help: jetpackdHelp,
  parse: parseNodeOptions,
  logFile: ({ home }) => path.join(homePaths(home).logs, 'jetpackd.log'),
  instance: ({ address }) => `${address.cluster}/${address.node}`,
  async start({ home, address, broker, identityFile, instance: given, metadata, prefix, server, warnings }, around, stopping): Promise<Result<StartedDaemon>> {
    const { clock, logger, random } = around;
    for (const warning of warnings) logger.warn(warning);
    const name = `${address.cluster}/${address.node}`;
    const { run } = homePaths(home);
    const cloud = { finder: createFinder({ plan: metadata, clock, random, logger }), machine: readMachineIdentity(systemBootClock) };
    const instance = await resolveInstance({ given, ...cloud, cached: readCache(run), served: readRecord(run)?.machine, logger, signal: stopping });
    // Who this is may not have been found out: nothing is opened as somebody else.
    if (stopping.aborted) return ok(neverBegan);
    const facts = { instanceId: instance.id, hostname: os.hostname(), version, pid: process.pid };
    const node = startNode(
      { home, address, prefix, binFolder, times: nodeTimes, facts, hostname: os.hostname, instance, cloud, identityFile, access: accessLayer(broker.urls, nodeUser(prefix, address), server) },
      { ...around, env: process.env, bootClock: systemBootClock, openTransport: (topology, system) => connectAmqp({ path: 'node/broker', name: `jetpackd ${name}`, topology, ...broker, clock, random, onEvent: countEvent(around.metrics) }, system) },
    );
    return node.ok ? ok({ ...node.value, serving: node.value.serving.then(() => `jetpackd serves ${home} as ${name}`) }) : node;
  },
};

const [verb, ...rest] = processHost.argv;
await (verb === 'enroll' ? runEnroll(rest, processHost) : runDaemon(daemon, processHost));
