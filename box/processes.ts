// The cluster as processes of their own on a RabbitMQ, started through the launchers in bin/.
import path from 'node:path';
import { ok, type Result } from '../protocol/result.ts';
import { apiClient } from './api-client.ts';
import { startChild, type ChildProgram } from './child-program.ts';
import type { Cluster } from './cluster.ts';
import { clusterName, logFolder, nodeHome, nodeNames, serverHome } from './plan.ts';

export interface ProcessesOptions {
  readonly state: string;
  /** In front of every name on the broker. */
  readonly prefix: string;
  readonly brokerUrl: string;
  readonly env: NodeJS.ProcessEnv;
}

export const startProcesses = async ({ state, prefix, brokerUrl, env }: ProcessesOptions): Promise<Result<Cluster>> => {
  const start = (label: string, program: string, argv: readonly string[]): ChildProgram =>
    startChild({
      label,
      program,
      argv: [...argv, '--prefix', prefix],
      // The broker's address may hold a password, so it travels in the environment, which other users cannot read.
      // The box is no machine of a cloud, whatever it runs on.
      env: { ...env, JETPACK_AMQP_URL: brokerUrl, JETPACK_METADATA: 'none' },
      log: path.join(logFolder(state), `${label}.log`),
    });
  const running: ChildProgram[] = [];
  const stop = async (): Promise<void> => {
    const [server, ...nodes] = running;
    await Promise.all(nodes.map((node) => node.stop()));
    await server?.stop();
  };
  const stopFor = async <T>(failed: T): Promise<T> => {
    await stop();
    return failed;
  };

  const server = start('cycle-server', 'cycle-server', ['--home', serverHome(state), '--listen', '127.0.0.1:0']);
  running.push(server);
  const listening = await server.serving;
  if (!listening.ok) return stopFor(listening);
  const url = listening.value.split(' ').at(-1) ?? '';
  const after = await apiClient(url).newest();
  if (!after.ok) return stopFor(after);

  for (const name of nodeNames) {
    const identity = ['--cluster', clusterName, '--node', name, '--instance', `box-${name}`];
    running.push(start(name, 'jetpackd', ['--home', nodeHome(state, name), ...identity]));
  }
  for (const { serving } of running) {
    const outcome = await serving;
    if (!outcome.ok) return stopFor(outcome);
  }
  return ok({
    url,
    after: after.value,
    about: `one server and three nodes, each a process, on RabbitMQ (exchanges ${prefix}.*)`,
    broken: Promise.race(running.map(({ ended }) => ended)),
    stop,
  });
};
