// A node's home: the folder that holds what one node is, and what lies where in it (reference, section 3).
import path from 'node:path';

export interface HomePaths {
  readonly home: string;
  readonly config: string;
  readonly logs: string;
  readonly run: string;
  /** Names the folder of the sockets when they do not stand in `run`. */
  readonly socketRecord: string;
  /** Requests that wait for the daemon, one file each. */
  readonly spool: string;
  /** Files of the spool that cannot be read, each with its reason beside it. */
  readonly rejected: string;
  readonly outbox: string;
  /** What the node's actors remember. */
  readonly state: string;
  /** For scripts that ask whether the node is kept alive (reference, section 3). */
  readonly keepalive: string;
  readonly lock: string;
  /** Health checks: scripts that whoever administers the node puts there. */
  readonly healthChecks: string;
  /** Content of projects, and markers of what ran. */
  readonly clusterInit: string;
  /** What their scripts wrote. */
  readonly clusterInitLogs: string;
  /** What scripts for the end of the node wrote. */
  readonly endLogs: string;
  /** Scratch for installers, `cyclecloud.bootstrap`. */
  readonly bootstrap: string;
  /** Where scripts and recipes leave marks of what they have done, `cyclecloud.chefstate`. */
  readonly chefState: string;
  /** Working folders of health checks while they run. */
  readonly scratch: string;
}

export const homePaths = (home: string): HomePaths => {
  const run = path.join(home, 'run');
  const spool = path.join(run, 'spool');
  const config = path.join(home, 'config');
  const logs = path.join(home, 'logs');
  return {
    home,
    config,
    logs,
    run,
    socketRecord: path.join(run, 'sockets'),
    spool,
    rejected: path.join(spool, 'rejected'),
    outbox: path.join(run, 'outbox.db'),
    state: path.join(run, 'state.db'),
    keepalive: path.join(run, 'node.keepalive'),
    lock: path.join(run, 'lock'),
    healthChecks: path.join(config, 'healthcheck.d'),
    clusterInit: path.join(home, 'cluster-init'),
    clusterInitLogs: path.join(logs, 'cluster-init'),
    endLogs: path.join(logs, 'run_on_shutdown'),
    bootstrap: path.join(home, 'system', 'bootstrap'),
    chefState: path.join(home, 'system', 'chef', 'chefstate'),
    scratch: path.join(home, 'system', 'scratch'),
  };
};
