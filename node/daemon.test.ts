import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Outbox } from '../actors/node/messaging/ports.ts';
import { MemoryOutbox } from '../actors/node/testing/memory-outbox.ts';
import { FakeTransport } from '../actors/testing/fake-transport.ts';
import { settle } from '../actors/testing/world.ts';
import { ManualBootClock } from '../effects/manual-boot-clock.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { seededRandom } from '../effects/random.ts';
import { lasts } from '../effects/testing/lasts.ts';
import { recordLog } from '../effects/testing/recorded-log.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import type { Failure, Result } from '../protocol/result.ts';
import { lockFile } from '../storage/file-lock.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Topology } from '../transport/topology.ts';
import { startNode, type NodeSurroundings, type RunningNode } from './daemon.ts';
import { homePaths } from './home/paths.ts';
import { nodeTimes } from './times.ts';
import { binFolder } from './version.ts';

const settings = {
  address: { cluster: 'lab', node: 'n1' },
  facts: { instanceId: 'i-1', hostname: 'n1', version: '1.0.0', pid: 1 },
  prefix: 'test',
  binFolder,
  times: nodeTimes,
};

let home: string;
let clock: ManualClock;
const running: RunningNode[] = [];

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'node-daemon-'));
  clock = new ManualClock();
});

afterEach(async () => {
  for (const node of running.splice(0)) await lasts(clock, node.stop());
  rmSync(home, { recursive: true });
});

const start = (more: Partial<NodeSurroundings> = {}) => {
  const log = recordLog();
  const transport = new FakeTransport();
  const topologies: Topology[] = [];
  const started: Result<RunningNode> = startNode(
    { home, ...settings },
    {
      openTransport: (topology) => {
        topologies.push(topology);
        return transport;
      },
      env: process.env,
      bootClock: new ManualBootClock(clock),
      metrics: createMetrics(clock),
      clock,
      random: seededRandom(Date.now()),
      logger: log.logger,
      ...more,
    },
  );
  if (started.ok) running.push(started.value);
  return { log, started, topologies, transport };
};

const begin = async (more?: Partial<NodeSurroundings>) => {
  const { started, ...rest } = start(more);
  if (!started.ok) throw new Error(started.error.message);
  await started.value.serving;
  return { ...rest, node: started.value };
};

const failureOf = ({ started }: ReturnType<typeof start>): Failure | undefined => (started.ok ? undefined : started.error);

describe('a home', () => {
  test('is served by one daemon at a time', async () => {
    const { node } = await begin();
    expect(failureOf(start())).toEqual({ code: 'already_running', message: `another jetpackd serves ${home}` });
    await lasts(clock, node.stop());
    await begin();
  });

  test('says in node.json where it is, and all of that is there', async () => {
    await begin();
    const nodeJson = path.join(home, 'config', 'node.json');
    await waitFor('node.json', () => existsSync(nodeJson));
    const { cyclecloud } = JSON.parse(readFileSync(nodeJson, 'utf8')) as { cyclecloud: Record<'home' | 'bootstrap' | 'chefstate', string> & { jetpack: { version: string; executable: string } } };
    expect([cyclecloud.home, cyclecloud.jetpack.version]).toEqual([home, '8.10.0-10000']);
    expect([cyclecloud.bootstrap, cyclecloud.chefstate].map((folder) => statSync(folder).isDirectory())).toEqual([true, true]);
    expect(() => accessSync(cyclecloud.jetpack.executable, constants.X_OK)).not.toThrow();
  });

  test('whose outbox cannot be opened is let go again, and says which file it is', async () => {
    const { outbox, run } = homePaths(home);
    mkdirSync(run, { mode: 0o750 });
    const held = lockFile(outbox);
    expect(failureOf(start())).toMatchObject({ code: 'outbox_unwritable', message: expect.stringContaining(outbox) });
    held?.release();
    await begin();
  });

  test('that cannot be prepared is a failure with its reason', () => {
    writeFileSync(path.join(home, 'run'), 'a file');
    expect(failureOf(start())).toMatchObject({ code: 'home_unusable', message: `${path.join(home, 'run')} is not a folder` });
  });

  test('with a damaged outbox is served with a fresh one; the old one is kept, and the log says where and why', async () => {
    const { outbox, run } = homePaths(home);
    mkdirSync(run, { mode: 0o750 });
    writeFileSync(outbox, 'not a database '.repeat(1_000));
    const { log } = await begin();
    const [line] = log.lines;
    expect(line).toMatch(/^warn: the outbox was set aside as .+outbox\.db.+: .{5,}/);
    const [, kept] = /set aside as ([^:]+): /.exec(line ?? '') ?? [];
    expect(readdirSync(run)).toContain(path.basename(kept ?? ''));
  });
});

describe('a daemon', () => {
  test('declares its own queue, and has one actor for each part', async () => {
    const { node, topologies } = await begin();
    expect(topologies.map(({ queues }) => queues.map(({ name }) => name))).toEqual([['test.node.lab.n1']]);
    expect(node.inspect().map((actor) => [actor.path, actor.state])).toEqual(['transport', 'messaging', 'keepalive', 'healthcheck', 'converge', 'lifecycle', 'config', 'sync', 'gateway'].map((name) => [`node/${name}`, 'running']));
  });

  test('that the broker refuses for good says so once, with the code, and can be stopped', async () => {
    const { log, node, transport } = await begin();
    transport.tell({ type: 'failed', code: 'broker_credentials', reason: 'amqp://b:5672/ refuses the user name or password' });
    const told: Failure[] = [];
    void node.escalated.then((failure) => told.push(failure));
    await lasts(clock, node.escalated);
    await settle();
    expect(told).toEqual([{ code: 'broker_credentials', message: 'amqp://b:5672/ refuses the user name or password' }]);
    expect(log.lines.filter((line) => line.includes('gives up'))).toEqual(['error: node gives up']);
    expect(await lasts(clock, node.stop())).toBeLessThan(1_000);
  });
});

describe('a stop', () => {
  test('is the same one however often it is asked for, and ends everything', async () => {
    const { node, transport } = await begin();
    const stop = node.stop();
    expect(node.stop()).toBe(stop);
    await lasts(clock, stop);
    expect(transport.ends).toEqual(['drain', 'close']);
    expect(node.inspect().map(({ state }) => state)).toEqual(Array(9).fill('stopped'));
    expect(readdirSync(homePaths(home).run)).not.toContain('jetpack.sock');
    expect(clock.armed).toBe(0);
  });

  test('waits a second for what the server has not got, and keeps it for the next start', async () => {
    const memory = new MemoryOutbox();
    memory.begin('s1');
    const { node } = await begin({
      overOutbox: (outbox) => {
        void outbox.close();
        return memory;
      },
    });
    expect(await lasts(clock, node.stop())).toBeLessThan(2_000);
    expect(memory.rows.map(({ payload }) => JSON.parse(payload))).toMatchObject([{ kind: 'node' }, { phase: 'starting' }, { phase: 'stopping' }]);
  });

  test('gives up publishes that the broker does not answer, and then nothing has to be ended by force', async () => {
    const { log, node, transport } = await begin();
    transport.connect();
    await waitFor('a publish under way', () => transport.published.length > 0);
    expect(await lasts(clock, node.stop())).toBeLessThan(3_000);
    expect(transport.ends[0]).toBe('close');
    expect(log.lines.filter((line) => line.includes('did not'))).toEqual([]);
  });

  test('ends in time also when the broker never answers again', async () => {
    const { node, transport } = await begin();
    transport.drain = () => new Promise(() => undefined);
    transport.close = () => new Promise(() => undefined);
    expect(await lasts(clock, node.stop())).toBeLessThan(6_000);
  });

  test('lets the home go also when the outbox cannot be closed, and tells', async () => {
    const broken = (outbox: Outbox): Outbox => ({
      ...outbox,
      close: async () => {
        await outbox.close();
        throw new Error('disk gone');
      },
    });
    const { log, node } = await begin({ overOutbox: broken });
    await lasts(clock, node.stop());
    expect(log.lines).toContain('error: the outbox could not be closed');
    await begin();
  });
});
