// The machine as the node's actors need it: files of the home, scripts, projects, facts. Made once a daemon.
import type { ConfigPorts } from '../actors/node/config/config.ts';
import type { ConvergePorts } from '../actors/node/converge/converge.ts';
import type { HealthcheckPorts } from '../actors/node/health/healthcheck.ts';
import type { KeepalivePorts } from '../actors/node/keepalive/keepalive.ts';
import type { BootClock } from '../effects/boot-clock.ts';
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import { createChecks } from './checks/checks.ts';
import { NodeConfigFile } from './config/config-file.ts';
import type { NodeSettings } from './daemon.ts';
import { gatherFacts } from './facts/gather.ts';
import type { HomePaths } from './home/paths.ts';
import { createKeepaliveFile } from './keepalive/keepalive-file.ts';
import { createProjects } from './projects/projects.ts';
import { createScriptRunner } from './scripts/run-script.ts';

/** What of its own surroundings the daemon gives to scripts, as far as node/scripts/environment.ts lets it pass. */
export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export interface MachineParts {
  readonly settings: NodeSettings;
  readonly paths: HomePaths;
  readonly env: ProcessEnvironment;
  readonly bootClock: BootClock;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Machine {
  readonly config: Pick<ConfigPorts, 'file' | 'gatherFacts'>;
  readonly keepalive: Pick<KeepalivePorts, 'file' | 'bootClock'>;
  readonly healthcheck: Pick<HealthcheckPorts, 'checks' | 'times'>;
  readonly converge: Pick<ConvergePorts, 'projects' | 'scripts' | 'home' | 'binFolder' | 'searchPath' | 'times'>;
}

/** From the request that a script end to its end: a stop of the daemon has less than five seconds for everything. */
const graceMs = 2_000;

export const machineOf = ({ bootClock, clock, env, logger, paths, settings }: MachineParts): Machine => {
  const { address, binFolder, facts, home, times } = settings;
  const scripts = createScriptRunner({ clock, env, graceMs, logger });
  const searchPath = env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const { hostname, instanceId, version } = facts;
  const identity = { ...address, home, hostname, instanceId, version };
  return {
    config: {
      file: new NodeConfigFile({ config: paths.config, identity, clock, logger }),
      gatherFacts: (signal) => gatherFacts({ clock, logger, signal }),
    },
    keepalive: { file: createKeepaliveFile(paths.run), bootClock },
    healthcheck: { checks: createChecks({ home, binFolder, searchPath, runner: scripts, logger, timeoutMs: times.checkTimeoutMs }), times },
    converge: { projects: createProjects({ clock, home, instanceId }), scripts, home, binFolder, searchPath, times },
  };
};
