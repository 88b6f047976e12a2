// A home on another machine than the one it was served on: what the copy of a disk brings along.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeTransport } from '../actors/testing/fake-transport.ts';
import { ManualBootClock } from '../effects/manual-boot-clock.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { seededRandom } from '../effects/random.ts';
import { lasts } from '../effects/testing/lasts.ts';
import { recordLog } from '../effects/testing/recorded-log.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startNode, type NodeSettings, type RunningNode } from './daemon.ts';
import { homePaths } from './home/paths.ts';
import { readCache } from './metadata/cache.ts';
import type { Found } from './metadata/find.ts';
import type { Metadata } from './metadata/metadata.ts';
import { openOutbox } from './outbox/outbox.ts';
import { openState } from './state/state.ts';
import { nodeTimes } from './times.ts';
import { binFolder } from './version.ts';

const address = { cluster: 'lab', node: 'n1' };
const machine = { id: 'dmi-1', isHardware: true, bootId: 'boot-1' };

let home: string;
let clock: ManualClock;
const running: RunningNode[] = [];

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'node-fresh-'));
  clock = new ManualClock();
});

afterEach(async () => {
  for (const node of running.splice(0)) await lasts(clock, node.stop());
  rmSync(home, { recursive: true });
});

const begin = async (instanceId: string, more: Partial<NodeSettings> = {}) => {
  const log = recordLog();
  const transport = new FakeTransport();
  const started = startNode(
    { home, address, facts: { instanceId, hostname: 'n1', version: '1.0.0', pid: 1 }, prefix: 'test', binFolder, times: nodeTimes, ...more },
    { openTransport: () => transport, env: { PATH: '/usr/bin:/bin' }, bootClock: new ManualBootClock(clock), metrics: createMetrics(clock), clock, random: seededRandom(Date.now()), logger: log.logger },
  );
  if (!started.ok) throw new Error(started.error.message);
  running.push(started.value);
  await started.value.serving;
  return { log, transport, node: started.value };
};

const end = async (): Promise<void> => {
  for (const node of running.splice(0)) await lasts(clock, node.stop());
};

const config = (): Record<string, Record<string, unknown>> => JSON.parse(readFileSync(path.join(home, 'config', 'node.json'), 'utf8'));
const asides = (): readonly string[] => readdirSync(homePaths(home).run).filter((name) => name.includes('.aside-')).map((name) => name.replace(/\.aside-.*/, '')).sort();

/** What the outbox of this owner holds, as text. */
const waiting = async (instanceId: string): Promise<string> => {
  const opened = openOutbox(homePaths(home).outbox, { ...address, instanceId }, { clock, random: seededRandom(Date.now()) });
  if (!opened.ok) throw new Error(opened.error.message);
  const { outbox } = opened.value;
  const rows = outbox.streams().flatMap(({ stream }) => outbox.read(stream, 'report', 1, { rows: 1_000, bytes: 1_000_000 }));
  await outbox.close();
  return rows.map(({ payload }) => payload).join('\n');
};

/** What a node leaves behind: what is kept alive, what waits in outbox and spool. */
const leaveBehind = async (instanceId: string): Promise<void> => {
  await begin(instanceId);
  await end();
  const paths = homePaths(home);
  const opened = openState(paths.state, { ...address, instanceId }, clock);
  if (!opened.ok) throw new Error(opened.error.message);
  await opened.value.state.change([{ key: 'keepalive', value: { setAt: clock.now(), forever: true } }]);
  await opened.value.state.close();
  await begin(instanceId);
  await waitFor('the keepalive to show', () => existsSync(paths.keepalive));
  await end();
  writeFileSync(path.join(paths.spool, '01.json'), '{}');
  utimesSync(path.join(paths.spool, '01.json'), 0, 0);
};

describe('on another machine', () => {
  test('nothing of the first one is sent, held or counted: outbox, state and spool are set aside, and the cluster is told', async () => {
    await leaveBehind('vm-a');
    const before = await waiting('vm-a');
    expect(before).toContain('"instanceId":"vm-a"');
    const properties = path.join(homePaths(home).config, 'properties.json');
    writeFileSync(properties, '{"rack": "of vm-a"}');
    const { log } = await begin('vm-b');
    expect(readFileSync(properties, 'utf8')).toBe('{}\n');
    await waitFor('the keepalive of another machine to be gone', () => !existsSync(homePaths(home).keepalive));
    await waitFor('the report to be accepted', () => log.lines.includes('warn: the home is that of instance vm-a, and this is instance vm-b: it begins with fresh state'));
    await end();
    expect(asides()).toEqual(['outbox.db', 'spool', 'state.db']);
    const after = await waiting('vm-b');
    expect(after).not.toContain('"instanceId":"vm-a"');
    expect(after).toContain('the home is that of instance vm-a, and this is instance vm-b: it begins with fresh state');
    await begin('vm-b');
    expect(asides()).toEqual(['outbox.db', 'spool', 'state.db']);
  });

  test('a machine that only goes by another name now keeps all of it', async () => {
    await leaveBehind('dmi-1');
    const { log } = await begin('vm-a', { instance: { id: 'vm-a', from: 'cloud', knownAs: ['dmi-1'], metadata: undefined, isFresh: true } });
    expect(existsSync(homePaths(home).keepalive)).toBe(true);
    await end();
    expect(asides()).toEqual([]);
    expect(log.lines.filter((line) => line.startsWith('warn: the home'))).toEqual([]);
  });

  test('that has the same hardware nothing of the first one is its own either, though that one once went by the hardware\'s id', async () => {
    await leaveBehind('dmi-1');
    const named = (id: string) => ({ instance: { id, from: 'cloud', knownAs: ['dmi-1'], metadata: undefined, isFresh: true } }) as const;
    await begin('vm-a', named('vm-a'));
    await end();
    expect(asides()).toEqual([]);
    await begin('vm-b', named('vm-b'));
    await waitFor('the keepalive of another machine to be gone', () => !existsSync(homePaths(home).keepalive));
    expect(asides()).toEqual(expect.arrayContaining(['outbox.db', 'state.db']));
  });
});

describe('the identity in connection.json', () => {
  const serve = (instanceId: string) => begin(instanceId, { identityFile: path.join(homePaths(home).config, 'connection.json') });
  const identity = (): boolean => existsSync(path.join(homePaths(home).config, 'connection.json'));

  test('is not taken from a daemon that runs by another that may not serve its home', async () => {
    await begin('vm-a');
    await end();
    writeFileSync(path.join(homePaths(home).config, 'connection.json'), '{"cluster":"lab","node":"n1"}');
    await serve('vm-a');
    await expect(serve('test')).rejects.toThrow(`another jetpackd serves ${home}`);
    expect(identity()).toBe(true);
  });

  test('that another instance used is set aside, and the home is free again', async () => {
    await begin('vm-a');
    await end();
    writeFileSync(path.join(homePaths(home).config, 'connection.json'), '{"cluster":"lab","node":"n1"}');
    await serve('vm-a');
    await end();
    await expect(serve('vm-b')).rejects.toThrow('is the identity of instance vm-a, and this is instance vm-b');
    expect([identity(), asides()]).toEqual([false, []]);
    await begin('vm-b');
  });
});

describe('the metadata of the cloud', () => {
  const metadata = (instanceId: string, vmSize: string): Metadata => ({ source: 'azure', instanceId, tree: { azure: { metadata: { compute: { vmSize } } } } });
  const cloud = (says: Promise<Metadata>) => ({ machine, finder: { sources: [{ name: 'azure' }], find: async (): Promise<Found> => ({ metadata: await says, reasons: [] }) } }) as const;
  const instance = { id: 'vm-a', from: 'cloud', knownAs: [], metadata: metadata('vm-a', 'small'), isFresh: false } as const;

  test('is in node.json from the first moment when it is known, and soon after it changes', async () => {
    const says = Promise.withResolvers<Metadata>();
    await begin('vm-a', { instance, cloud: cloud(says.promise) });
    await waitFor('node.json to be there', () => config()['azure'] !== undefined);
    expect(config()).toMatchObject({ azure: { metadata: { compute: { vmSize: 'small' } } }, cyclecloud: { instance: { id: 'vm-a' } } });
    says.resolve(metadata('vm-a', 'large'));
    await lasts(clock, waitFor('the change to be there', () => JSON.stringify(config()['azure']).includes('large')));
    expect(readCache(homePaths(home).run)?.metadata.instanceId).toBe('vm-a');
  });

  test('that names another machine while the daemon runs ends it, to begin anew', async () => {
    const { node } = await begin('vm-a', { instance, cloud: cloud(Promise.resolve(metadata('vm-b', 'small'))) });
    expect(await node.escalated).toMatchObject({ code: 'instance_changed', message: expect.stringContaining('this machine is instance vm-b now') });
  });
});
