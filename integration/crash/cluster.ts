// The programs of a crash run: one server and two nodes, each with a home of its own, on one broker.
import path from 'node:path';
import { startProgram, startScript, type StartOptions } from '../cluster/processes.ts';
import { fuseEnvironment } from './fuse.ts';
import { nodes, server } from './plan.ts';
import type { Target } from './load.ts';
import { Victim, type Start } from './victim.ts';

export interface CrashCluster {
  readonly server: Victim;
  readonly nodes: readonly Victim[];
  readonly targets: readonly Target[];
}

export const prefix = 'crash';

export const crashCluster = (folder: string, brokerUrl: string): CrashCluster => {
  const homeOf = (name: string): string => path.join(folder, name);
  const env = { JETPACK_AMQP_URL: brokerUrl, NODE_COMPILE_CACHE: path.join(folder, 'cache') };
  const program =
    (name: 'jetpackd' | 'cycle-server', script: string, argv: readonly string[]): Start =>
    (fuse) => {
      const options: StartOptions = { env: { ...env, ...(fuse === undefined ? {} : fuseEnvironment(fuse)) } };
      return fuse === undefined ? startProgram(name, argv, options) : startScript(script, argv, options);
    };
  const common = (name: string): readonly string[] => ['--home', homeOf(name), '--prefix', prefix];
  const nodeArgv = (name: string): readonly string[] => [...common(name), '--cluster', 'crash', '--node', name, '--instance', name];
  const scripts = 'integration/crash';
  return {
    server: new Victim(server, program('cycle-server', `${scripts}/server.ts`, [...common(server), '--listen', '127.0.0.1:0'])),
    nodes: nodes.map((name) => new Victim(name, program('jetpackd', `${scripts}/daemon.ts`, nodeArgv(name)))),
    targets: nodes.map((node) => ({ node, home: homeOf(node) })),
  };
};
