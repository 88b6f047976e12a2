// `npm start -- --amqp URL` on a RabbitMQ: server and nodes as processes.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { nodeHome, nodeNames, serverHome } from '../box/plan.ts';
import { BoxProcess } from '../box/testing/box-process.ts';
import { told } from '../box/testing/told.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { homePaths } from '../node/home/paths.ts';
import { lockFile } from '../storage/file-lock.ts';
import { borrowAny } from './broker/find.ts';
import type { SharedBroker } from './broker/shared/shared-broker.ts';
import { TcpProxy } from './broker/tcp-proxy.ts';
import { through } from './broker/through.ts';
import { runJetpack } from './cluster/processes.ts';

let broker: SharedBroker;
let folder: string;
let boxes: BoxProcess[];

beforeAll(async () => {
  broker = await borrowAny();
}, 150_000);
afterAll(() => broker?.dispose());

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'box-amqp-'));
  boxes = [];
});
afterEach(async () => {
  await Promise.all(boxes.map((box) => box.kill()));
  await waitFor('the homes to be free', () => !isServed());
  rmSync(folder, { recursive: true });
});

const state = (): string => path.join(folder, 'state');
const start = (argv: readonly string[], url = broker.url()): BoxProcess => {
  const box = new BoxProcess(['--state', state(), ...argv], { JETPACK_BOX_AMQP_URL: url });
  boxes.push(box);
  return box;
};

/** Whether a program holds a home of the box. */
const isServed = (): boolean => {
  const locks = [path.join(serverHome(state()), 'lock'), ...nodeNames.map((node) => homePaths(nodeHome(state(), node)).lock)];
  return locks.filter(existsSync).some((file) => {
    const lock = lockFile(file);
    lock?.release();
    return lock === undefined;
  });
};

const phases = (output: string, node: string): readonly string[] =>
  told(output, node).flatMap((message) => /^phase (\w+)/.exec(message)?.[1] ?? []);

/** Every node came to be ready in this run, and what it told is what the server counts. */
const expectAllReady = (output: string): void => {
  for (const node of nodeNames) expect([node, phases(output, node)]).toEqual([node, ['starting', 'converging', 'ready']]);
  const all = nodeNames.flatMap((node) => told(output, node));
  expect(output).toContain(`3 of 3 nodes ready, ${all.length} events stored`);
};

const log = (message: string) => runJetpack(['log', message, '--home', nodeHome(state(), 'scheduler')]);

/** Several waits of up to a minute each: two cores may have other work as well. */
const longMs = 150_000;

describe('a cluster of processes on RabbitMQ', () => {
  test('is ready, takes messages, drains on Ctrl-C within five seconds, and goes on from its state', async () => {
    const box = start([]);
    await box.allReady();
    expect(await log('over RabbitMQ')).toMatchObject({ code: 0, stderr: '' });
    await box.prints(/INFO {3}over RabbitMQ/);
    const asked = performance.now();
    const first = await box.interrupt();
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expectAllReady(first.stdout);
    expect(told(first.stdout, 'scheduler').filter((message) => message === 'over RabbitMQ')).toHaveLength(1);
    for (const node of ['execute-1', 'execute-2']) expect(told(first.stdout, node)).toContainEqual(expect.stringMatching(/^joined with 4 slots/));
    const second = start([]);
    await second.allReady();
    const next = await second.interrupt();
    expect(next).toMatchObject({ code: 0, stderr: '' });
    expectAllReady(next.stdout);
    for (const gone of ['over RabbitMQ', 'joined with']) expect(next.stdout).not.toContain(gone);
  }, longMs);

  test('begun anew meets nothing of the cluster that it has forgotten', async () => {
    await start(['--for', '1ms']).ended;
    const queues = async (): Promise<string> => (await broker.management.queues()).map(({ name }) => name).join('\n');
    const before = (await queues()).match(/jetpack-box-\w+/g);
    const box = start(['--fresh']);
    await box.allReady();
    const { code, stdout } = await box.interrupt();
    expect(code).toBe(0);
    expectAllReady(stdout);
    const prefix = /exchanges (jetpack-box-\w+)\./.exec(stdout)?.[1];
    expect(before).not.toContain(prefix);
    expect(await queues()).toContain(`${prefix}.events`);
  }, longMs);

  test('ends with the box, also when that is killed', async () => {
    const box = start([]);
    await box.allReady();
    box.child.kill('SIGKILL');
    await box.ended;
    await waitFor('the end of server and nodes', () => !isServed());
    const next = start(['--fresh']);
    await next.allReady();
    expect((await next.interrupt()).code).toBe(0);
  }, longMs);
});

describe('what a broker refuses is one line, before anything is started:', () => {
  test.each([
    ['a wrong password', () => broker.url({ password: 'secret' }), /refuses the user name or password \(broker_credentials\)\n$/],
    ['an unknown virtual host', () => broker.url({ vhost: 'nowhere' }), /nowhere does not open its virtual host to this user \(broker_vhost\)\n$/],
  ])('%s', async (_, url, line) => {
    const { code, stdout, stderr } = await start([], url()).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr).not.toContain('secret');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(state())).toBe(false);
  }, 30_000);
});

test('a broker that goes away is told of, and the nodes go on once it is back', async () => {
  const wire = await TcpProxy.open({ host: '127.0.0.1', port: broker.port });
  try {
    const box = start([], through(broker.url(), wire));
    await box.allReady();
    wire.refuse();
    wire.cut();
    await box.prints(/The server has no connection to the broker/);
    expect(await log('accepted meanwhile')).toMatchObject({ code: 0 });
    await wire.admit();
    await box.prints(/INFO {3}accepted meanwhile/);
    expect((await box.interrupt()).code).toBe(0);
  } finally {
    await wire.dispose();
  }
}, 120_000);
