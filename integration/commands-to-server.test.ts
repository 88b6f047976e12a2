// What the command line of a node tells its server, and what the HTTP API of that shows: by a real daemon, also when that is killed
// between its answer and the broker, and when it is away.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { AutoscaleTargetRecord } from '../actors/server/ports.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { homePaths } from '../node/home/paths.ts';
import { answered, carriedOut, give } from './cluster/commands.ts';
import { notes, noting, until } from './cluster/locker.ts';
import { clusterName, type ProcessCluster } from './cluster/process-cluster.ts';
import { runJetpack } from './cluster/processes.ts';
import { takeUserMessages } from './cluster/taken.ts';
import { flawsIn, told } from './cluster/told.ts';
import { useClusters } from './cluster/use-clusters.ts';

const clusters = useClusters();
const node = 'n1';
const quiet = { code: 0, stdout: '', stderr: '' };

const targetsOf = async ({ url }: ProcessCluster): Promise<readonly AutoscaleTargetRecord[]> => {
  const response = await fetch(new URL(`/api/clusters/${clusterName}/autoscale`, url));
  if (response.status !== 200) throw new Error(`the targets: ${response.status}`);
  return ((await response.json()) as { readonly targets: readonly AutoscaleTargetRecord[] }).targets;
};

const shows = (what: string, look: () => Promise<unknown>, expected: unknown): Promise<void> =>
  waitFor(
    what,
    async () => {
      expect(await look()).toEqual(expected);
      return true;
    },
    60_000,
  ).then(() => undefined);

const begin = async (cluster = clusters.begin()) => {
  const server = await cluster.startServer();
  const running = await cluster.startNode(node);
  await cluster.inPhase('ready', node);
  return { cluster, running, server };
};

/** As an installer calls it, on a host that was renamed. */
const renamed = (home: string, hostname: string): Promise<unknown> => {
  const script = `import socket; socket.gethostname = lambda: ${JSON.stringify(hostname)}; import jetpack.converge; jetpack.converge._send_installation_status('warning')`;
  const env = { PATH: process.env['PATH'], JETPACK_HOME: home, PYTHONDONTWRITEBYTECODE: '1' };
  return promisify(execFile)('/usr/bin/python3', ['-c', script], { cwd: path.resolve(import.meta.dirname, '../python'), env });
};

const condition = ['condition', 'set', '-n', 'gpu', '-s', 'Error', '-m', 'it fell off the bus', '-d', 'the GPUs', '-r', 'reboot', '--details', 'Xid 79', '--action-type', 'GHR', '--ghr-category', 'XID79'];
const gpu = {
  name: 'gpu',
  status: 'Error',
  message: 'it fell off the bus',
  description: 'the GPUs',
  recommendation: 'reboot',
  details: 'Xid 79',
  actionType: 'GHR',
  ghrCategory: 'XID79',
  at: expect.any(Number),
};

describe('what a node reports', () => {
  test('shows at its server: conditions, targets, properties, another name of the host, a wish to be ended; and is told again by a daemon that was killed', async () => {
    const { cluster, running } = await begin();
    const run = (argv: readonly string[], input = '') => cluster.jetpack(node, argv, { input });
    const ofNode = async () => {
      const { conditions, hostname, properties, shutdown } = await cluster.node(node);
      return { conditions, hostname, properties, shutdown };
    };

    expect(await run(condition)).toEqual(quiet);
    expect(await run(['props', 'set', 'rack.name', 'r12'])).toEqual(quiet);
    expect(await run(['autoscale', '--corecount', '64', '--name', 'execute'])).toEqual(quiet);
    expect(await run(['autoscale', '-f', '-'], '[{"Name": "gpu", "TargetCount": 2, "MachineType": "big"}]')).toEqual(quiet);
    expect(await run(['shutdown', '--idle', '--deallocate', '--reason', 'no jobs'])).toEqual({ ...quiet, stdout: 'the server is asked to deallocate this node (idle): no jobs\n' });
    expect(await run(['shutdown', '--idle', '--deallocate', '--reason', 'no jobs'])).toEqual({
      ...quiet,
      stdout: 'the server is asked to deallocate this node (idle): no jobs; it was before\n',
    });
    await renamed(cluster.home(node), 'renamed-7');
    const wish = { request: expect.any(String), cause: 'idle', way: 'deallocate', reason: 'no jobs', at: expect.any(Number) };
    const standing = { conditions: [gpu], hostname: 'renamed-7', properties: { rack: { name: 'r12' } }, shutdown: wish };
    await shows('all of it in the roster', ofNode, standing);
    const asked = { node, at: expect.any(Number), expiresAt: expect.any(Number) };
    await shows('the targets', () => targetsOf(cluster), [
      { name: 'execute', coreCount: 64, ...asked },
      { name: 'gpu', instanceCount: 2, attributes: { MachineType: 'big' }, ...asked },
    ]);
    const hostname = () => run(['config', 'cyclecloud.instance.hostname']).then(({ stdout }) => stdout);
    await shows('the name in node.json', hostname, 'renamed-7\n');
    expect(await run(['health'])).toMatchObject({ code: 1, stdout: expect.stringContaining('it fell off the bus') });
    expect(told(await cluster.events(), node, 'shutdown')).toHaveLength(1);

    await running.kill();
    await cluster.startNode(node);
    await cluster.inPhaseAgain('ready', 2, node);
    // Its machine was not renamed in truth.
    await shows('what a daemon tells that begins anew', ofNode, { ...standing, hostname: expect.not.stringMatching('renamed-7') });
    expect(new Set(told(await cluster.events(), node, 'shutdown').map(({ request }) => request)).size).toBe(1);

    expect(await run(['shutdown', '--cancel'])).toEqual({ ...quiet, stdout: 'the server is no longer asked to end this node\n' });
    expect(await run(['condition', 'set', '-n', 'gpu', '-s', 'NA'])).toEqual(quiet);
    expect(await run(['autoscale', '--file', '-'], '[]')).toEqual(quiet);
    expect(await run(['hostname-changed'])).toEqual(quiet);
    await shows('what was taken back', async () => [(await cluster.node(node)).shutdown, (await cluster.node(node)).conditions, await targetsOf(cluster)], [undefined, [], []]);
    await shows('the news of its host', async () => told(await cluster.events(), node, 'installation').map(({ status }) => status), ['warning', 'success']);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 180_000);

  test('is not lost with a daemon that is killed between its answer and the broker', async () => {
    const { brokerLeaves, brokerReturns, cluster } = await clusters.beginWired();
    const { running } = await begin(cluster);
    brokerLeaves();
    expect(await cluster.jetpack(node, ['shutdown', '--unhealthy'])).toMatchObject({ code: 0 });
    expect(await cluster.jetpack(node, ['autoscale', '--instancecount', '3'])).toEqual(quiet);
    expect(await cluster.jetpack(node, condition)).toEqual(quiet);
    await running.kill();
    await brokerReturns();
    await cluster.startNode(node);
    await shows('the wish', async () => (await cluster.node(node)).shutdown, expect.objectContaining({ cause: 'unhealthy', way: 'terminate' }));
    await shows('the target', () => targetsOf(cluster), [expect.objectContaining({ instanceCount: 3 })]);
    await shows('the condition', async () => (await cluster.node(node)).conditions, [gpu]);
    expect(new Set(told(await cluster.events(), node, 'shutdown').map(({ request }) => request)).size).toBe(1);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 180_000);

  test('waits for a daemon that is away, but for a wish to be ended; and a message has the headers and the kind that its sender gave it', async () => {
    const { cluster, running } = await begin();
    const taken = await takeUserMessages(clusters.broker().url(), cluster.prefix, 'status.#');
    try {
      await running.stop();
      const waiting = { code: 0, stdout: '', stderr: expect.stringContaining('the message waits in') };
      expect(await cluster.jetpack(node, condition)).toEqual(waiting);
      expect(await cluster.jetpack(node, ['autoscale', '--corecount', '8'])).toEqual(waiting);
      expect(await cluster.jetpack(node, ['hostname-changed'])).toEqual(waiting);
      const send = ['send', 'a,b', '-r', 'status.grid', '-H', 'unit=7', '--content-type', 'text/csv', '--no-persistent', '--exchange', 'user'];
      expect(await cluster.jetpack(node, send)).toEqual(waiting);
      expect(await cluster.jetpack(node, ['send', 'x', '-r', 'status.grid', '--exchange', 'amq.topic'])).toEqual(waiting);
      expect(await cluster.jetpack(node, ['shutdown'])).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/\(daemon_unreachable\)\n$/) });
      const spool = homePaths(cluster.home(node)).spool;
      expect(readdirSync(spool).filter((name) => name.endsWith('.json'))).toHaveLength(5);

      await cluster.startNode(node);
      await shows('the condition', async () => (await cluster.node(node)).conditions, [gpu]);
      await shows('the target', () => targetsOf(cluster), [expect.objectContaining({ coreCount: 8 })]);
      await waitFor('the message', () => taken.messages.length === 1);
      const [message] = taken.messages;
      expect([message?.content.toString(), message?.properties.contentType, message?.properties.deliveryMode ?? 1]).toEqual(['a,b', 'text/csv', 1]);
      expect(message?.properties.headers).toMatchObject({ unit: '7', 'jetpack-node': node });
      expect((await cluster.node(node)).shutdown).toBeUndefined();
      // What no node may send to is set aside with its reason, and holds up nothing.
      await waitFor('the refusal', () => existsSync(path.join(spool, 'rejected')) && readdirSync(path.join(spool, 'rejected')).length === 2);
      const [reason = ''] = readdirSync(path.join(spool, 'rejected')).filter((name) => name.endsWith('.reason'));
      expect(readFileSync(path.join(spool, 'rejected', reason), 'utf8')).toContain('(exchange_refused)');
      expect(flawsIn(await cluster.events())).toEqual([]);
    } finally {
      await taken.close();
    }
  }, 180_000);
});

test('a node that is told of its end runs what is registered, in order and once, also when its daemon is killed meanwhile; the answer names what did not end well', async () => {
  const { cluster, running } = await begin();
  const script = (name: string, ...lines: readonly string[]): string => {
    const file = path.join(cluster.folder, name);
    writeFileSync(file, noting(name, ...lines));
    chmodSync(file, 0o755);
    return file;
  };
  const ran = () => notes(cluster.home(node));
  const gate = path.join(cluster.folder, 'open');
  const done = [expect.objectContaining({ node, state: 'done', message: '1 script ran' })];

  const first = script('first.sh', 'note "$*"');
  expect(await runJetpack(['--home', cluster.home(node), 'run_on_shutdown', '--', first, '--drain', 'two words'])).toEqual(quiet);
  expect(await carriedOut(cluster, { command: 'end' })).toEqual(done);
  expect(ran()).toEqual(['first.sh', '--drain two words']);

  const [held, last] = [script('held.sh', until(gate)), script('last.sh', 'exit 3')];
  for (const file of [held, last]) expect(await cluster.jetpack(node, ['run_on_shutdown', file])).toEqual(quiet);
  expect(await cluster.jetpack(node, ['run_on_shutdown', '--list'])).toEqual({ ...quiet, stdout: `${first} --drain 'two words'\n${held}\n${last}\n` });
  const id = await give(cluster, { command: 'end' });
  await waitFor('the second script to run', () => ran().includes('held.sh'));
  await running.kill();
  await cluster.startNode(node);
  const [target] = await answered(cluster, id);
  expect(target).toMatchObject({ state: 'failed', code: 'script_failed' });
  expect(target?.message).toBe(`2 of 3 scripts did not end well: ${held} was interrupted by the end of jetpackd, and is not run a second time; ${last} exited with code 3`);
  expect(ran()).toEqual(['first.sh', '--drain two words', 'first.sh', '--drain two words', 'held.sh', 'last.sh']);

  expect(await cluster.jetpack(node, ['run_on_shutdown', '--remove', held])).toEqual(quiet);
  expect(await cluster.jetpack(node, ['run-on-shutdown', '--remove', last])).toEqual(quiet);
  expect(await carriedOut(cluster, { command: 'end' })).toEqual(done);
  expect(flawsIn(await cluster.events())).toEqual([]);
}, 180_000);
