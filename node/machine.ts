// The machine as the node's actors need it: files of the home, scripts, projects, facts. Made once a daemon.
import path from 'node:path';
import type { ConfigPorts } from '../actors/node/config/config.ts';
import type { ConvergePorts } from '../actors/node/converge/converge.ts';
import type { HealthcheckPorts } from '../actors/node/health/healthcheck.ts';
import type { KeepalivePorts } from '../actors/node/keepalive/keepalive.ts';
import type { LifecyclePorts } from '../actors/node/lifecycle/lifecycle.ts';
import { compatibleVersion } from '../commands/compatible-version.ts';
import type { BootClock } from '../effects/boot-clock.ts';
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { createChecks } from './checks/checks.ts';
import { NodeConfigFile } from './config/config-file.ts';
import type { ChangingLayer } from './config/layers.ts';
import type { NodeSettings } from './daemon.ts';
import { gatherFacts } from './facts/gather.ts';
import { createEndScripts } from './end-scripts/end-scripts.ts';
import { createOhai } from './facts/ohai.ts';
import type { HomePaths } from './home/paths.ts';
import type { HostName } from './host-name.ts';
import { createKeepaliveFile } from './keepalive/keepalive-file.ts';
import { createMetadataDoor } from './metadata/door.ts';
import { createProjects } from './projects/projects.ts';
import { createScriptRunner } from './scripts/run-script.ts';

/** What of its own surroundings the daemon gives to scripts, as far as node/scripts/environment.ts lets it pass. */
export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export interface MachineParts {
  readonly settings: NodeSettings;
  readonly host: HostName;
  readonly paths: HomePaths;
  readonly env: ProcessEnvironment;
  readonly bootClock: BootClock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the machine's cloud says, where it is asked. */
  readonly metadata: ChangingLayer | undefined;
}

export interface Machine {
  readonly config: Pick<ConfigPorts, 'file' | 'gatherFacts'>;
  readonly keepalive: Pick<KeepalivePorts, 'file' | 'bootClock'>;
  readonly healthcheck: Pick<HealthcheckPorts, 'checks' | 'times'>;
  readonly lifecycle: Pick<LifecyclePorts, 'scripts' | 'bootClock'>;
  readonly converge: Pick<ConvergePorts, 'projects' | 'scripts' | 'metadataDoor' | 'home' | 'binFolder' | 'searchPath' | 'times'>;
}

/** From the request that a script end to its end: a stop of the daemon has less than five seconds for everything. */
const graceMs = 2_000;

export const machineOf = ({ bootClock, clock, env, host, logger, metadata, paths, settings }: MachineParts): Machine => {
  const { access, address, binFolder, facts, home, instance, times } = settings;
  const scripts = createScriptRunner({ clock, env, graceMs, logger });
  const searchPath = env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const { instanceId, version } = facts;
  const identity = {
    ...address,
    home,
    instanceId,
    version: compatibleVersion(version),
    executable: path.join(binFolder, 'jetpack'),
    get hostname(): string {
      return host.current;
    },
  };
  const ohai = createOhai({ searchPath, folder: paths.run, clock, logger });
  return {
    config: {
      file: new NodeConfigFile({ config: paths.config, identity, access, ohai, ...(metadata && { metadata }), clock, logger }),
      gatherFacts: (signal) => gatherFacts({ clock, logger, signal, ohai }),
    },
    keepalive: { file: createKeepaliveFile(paths.run), bootClock },
    lifecycle: { scripts: createEndScripts({ home, logs: paths.endLogs, binFolder, searchPath, runner: scripts }), bootClock },
    healthcheck: { checks: createChecks({ home, binFolder, searchPath, runner: scripts, logger, timeoutMs: times.checkTimeoutMs }), times },
    converge: { projects: createProjects({ clock, home, instanceId, knownAs: instance?.knownAs ?? [] }), scripts, metadataDoor: createMetadataDoor({ run: paths.run, searchPath, logger }), home, binFolder, searchPath, times },
  };
};
