// The cluster as processes of their own on a RabbitMQ, started through the launchers in bin/.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fail, ok, type Failure, type Result } from '../protocol/result.ts';
import type { Cluster } from './cluster.ts';
import { clusterName, nodeHome, nodeNames, root, serverHome, type BoxPlan } from './plan.ts';

interface Process {
  /** The line it prints when it serves. */
  readonly serving: Promise<Result<string>>;
  readonly ended: Promise<Failure>;
  stop(): Promise<void>;
}

/** The last line a program wrote before it ended, for the one line that says why. */
const startProcess = (program: string, argv: readonly string[], plan: BoxPlan): Process => {
  const logs = path.join(plan.state, 'logs');
  mkdirSync(logs, { recursive: true });
  const label = argv.includes('--node') ? `jetpackd ${argv[argv.indexOf('--node') + 1] ?? ''}` : program;
  const log = path.join(logs, `${label.replace(' ', '-')}.log`);
  const errors = openSync(log, 'w', 0o640);
  // The broker's address may hold a password, so it travels in the environment, which other users cannot read.
  const env = { ...process.env, ...(plan.brokerUrl === undefined ? {} : { JETPACK_AMQP_URL: plan.brokerUrl }) };
  const child: ChildProcess = spawn(path.join(root, 'bin', program), argv, { env, stdio: ['ignore', 'pipe', errors], detached: true });
  closeSync(errors);
  const exit = once(child, 'exit').then(
    ([code]: unknown[]) => fail('internal', `${label} ended with code ${String(code)}; see ${log}`).error,
    (error: unknown) => fail('internal', `${label} could not be started: ${String(error)}`).error,
  );
  const line = new Promise<Result<string>>((resolve) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', (text) => resolve(ok(text)));
  });
  return {
    serving: Promise.race([line, exit.then((error): Result<string> => ({ ok: false, error }))]),
    ended: exit,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exit;
    },
  };
};

export const startProcesses = async (plan: BoxPlan): Promise<Result<Cluster>> => {
  const prefix = 'jetpack-box';
  const common = ['--prefix', prefix];
  const server = startProcess('cycle-server', ['--home', serverHome(plan), '--listen', '127.0.0.1:0', ...common], plan);
  const nodes = nodeNames.map((name) =>
    startProcess(
      'jetpackd',
      ['--home', nodeHome(plan, name), '--cluster', clusterName, '--node', name, '--instance', `box-${name}`, ...common],
      plan,
    ),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await server.stop();
  };
  for (const process of [server, ...nodes]) {
    const serving = await process.serving;
    if (!serving.ok) {
      await stop();
      return serving;
    }
  }
  const listening = await server.serving;
  const url = listening.ok ? (listening.value.split(' ').at(-1) ?? '') : '';
  return ok({
    url,
    about: 'one server and three nodes, each a process, on RabbitMQ',
    broken: Promise.race([server, ...nodes].map(({ ended }) => ended)),
    stop,
  });
};
