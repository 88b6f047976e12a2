// Cloud metadata with real daemons, asked for on this machine alone, and the real packet filter in a network of its own.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemBootClock } from '../effects/boot-clock.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { readMachineIdentity } from '../node/metadata/machine-identity.ts';
import { FakeCloud, json, silence, status } from '../node/metadata/testing/fake-cloud.ts';
import { azureSample } from '../node/metadata/testing/samples.ts';
import { runJetpack, startProgram, type Running, type StartOptions } from './cluster/processes.ts';

let folder: string;
let home: string;
let cloud: FakeCloud;
const running: Running[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-metadata-'));
  home = path.join(folder, 'home');
  mkdirSync(home, { mode: 0o750 });
  cloud = await FakeCloud.open(json(azureSample));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.kill()));
  await cloud.close();
  rmSync(folder, { recursive: true });
});

const inRun = (name: string): string => path.join(home, 'run', name);

/** A broker is not what this is about: nobody listens there. */
const away = ['--cluster', 'c', '--node', 'n1', '--amqp', 'amqp://127.0.0.1:1'];

const launch = (metadata: string, argv: readonly string[] = away, options: StartOptions = {}): Running => {
  const daemon = startProgram('jetpackd', ['--home', home, '--metadata', metadata, ...argv], options);
  running.push(daemon);
  return daemon;
};

const begin = async (metadata: string): Promise<Running> => {
  const daemon = launch(metadata);
  await daemon.serving;
  return daemon;
};

const config = async (...argv: readonly string[]): Promise<string> => (await runJetpack(['config', ...argv, '--home', home])).stdout;
const knows = (instance: string): Promise<unknown> => waitFor(`instance ${instance} in node.json`, async () => (await config('cyclecloud.instance.id', 'none')) === `${instance}\n`);

const another = { ...azureSample, compute: { ...azureSample.compute, vmId: 'another-vm', vmSize: 'Standard_D2s_v5' } };

/** As it would be after a boot, on a machine whose firmware says nothing. */
const reboot = (): void => {
  for (const file of [inRun('metadata.json'), inRun('instance.json')]) writeFileSync(file, readFileSync(file, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"another"'));
};

const asides = (): readonly string[] => readdirSync(inRun('')).filter((name) => name.includes('.aside-') && !/-(wal|shm)$/.test(name));

describe('jetpackd in a cloud', () => {
  test('has what the cloud says in node.json, goes by its id, and knows both at its next start without asking', async () => {
    const daemon = await begin(`azure=${cloud.address}`);
    await knows(azureSample.compute.vmId);
    expect(JSON.parse(await config('azure.metadata', '--json'))).toEqual(azureSample);
    expect(await config('azure.metadata.compute.vmSize')).toBe('Standard_HB120rs_v3\n');
    expect(await config('cloud.public_ipv4')).toBe('20.1.2.3\n');
    expect(await config('azure.metadata.compute.tags')).toBe('ClusterName:lab;CreatedBy:ops\n');
    expect(statSync(inRun('metadata.json')).mode & 0o777).toBe(0o600);
    await daemon.stop();
    rmSync(path.join(home, 'config', 'node.json'));
    // Had it to ask, it would give up, and go by the id of the machine.
    cloud.answer = silence;
    await begin(`azure=${cloud.address}`);
    await knows(azureSample.compute.vmId);
    expect(JSON.parse(await config('azure.metadata', '--json'))).toEqual(azureSample);
    expect(asides()).toEqual([]);
  });

  test('that is told to end while it still asks ends well and at once, and has opened nothing as somebody else', async () => {
    cloud.answer = silence;
    const daemon = launch(`azure=${cloud.address}`);
    await waitFor('the cloud to be asked', () => cloud.asked.length > 0);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    expect([daemon.stdout(), daemon.stderr()]).toEqual(['', expect.not.stringContaining('did not stop')]);
    expect(existsSync(inRun('outbox.db'))).toBe(false);
  });

  test('that first answers after a start keeps what the node had under the id of its machine', async () => {
    cloud.answer = status(403);
    const daemon = await begin(`azure=${cloud.address}`);
    await runJetpack(['log', 'of before', '--home', home]);
    await daemon.stop();
    cloud.answer = json(azureSample);
    const next = await begin(`azure=${cloud.address}`);
    await knows(azureSample.compute.vmId);
    expect(asides()).toEqual([]);
    expect(next.stderr()).not.toContain('fresh state');
  });

  test('starts also where the cloud refuses for good, says so, and goes by the id of the machine', async () => {
    cloud.answer = status(403);
    const daemon = await begin(`azure=${cloud.address}`);
    await waitFor('the line of the log', () => daemon.stderr().includes("the cloud's metadata cannot be had, and is asked for again: azure answers GET /metadata/instance with 403"));
    expect(await config('azure.metadata', 'none')).toBe('none\n');
    expect(await config('cyclecloud.instance.id')).toBe(`${readMachineIdentity(systemBootClock).id}\n`);
  });

  test('that is told to ask nobody asks nobody, whatever its environment names', async () => {
    const environment = { env: { JETPACK_METADATA: `azure=${cloud.address}` } };
    await launch('none', undefined, environment).serving;
    expect(cloud.asked).toEqual([]);
    await running.at(-1)?.stop();
    // The environment alone would have had it ask.
    const daemon = startProgram('jetpackd', ['--home', home, ...away], environment);
    running.push(daemon);
    await waitFor('the cloud to be asked', () => cloud.asked.length > 0);
  });
});

describe('a copy of the disk on another machine', () => {
  const servedByTheFirst = async (argv?: readonly string[]): Promise<void> => {
    const daemon = launch(`azure=${cloud.address}`, argv);
    await daemon.serving;
    await knows(azureSample.compute.vmId);
    await runJetpack(['log', 'of the first machine', '--home', home]);
    await daemon.stop();
  };

  test('begins with fresh state, and what the first one had is set aside whole', async () => {
    await servedByTheFirst();
    reboot();
    cloud.answer = json(another);
    const daemon = await begin(`azure=${cloud.address}`);
    await knows('another-vm');
    expect(daemon.stderr()).toContain('it begins with fresh state');
    expect(new Set(asides().map((name) => name.split('.aside-')[0]))).toEqual(new Set(['outbox.db', 'state.db']));
  });

  test('has what its own commands said before its daemon began, and nothing of the first one\'s', async () => {
    await servedByTheFirst();
    for (const [text, at] of [['of the first machine', 0], ['of the copy', Date.now()]] as const) {
      await runJetpack(['log', text, '--home', home]);
      for (const name of readdirSync(inRun('spool'))) if (name.endsWith('.json') && at === 0) utimesSync(path.join(inRun('spool'), name), 0, 0);
    }
    reboot();
    cloud.answer = json(another);
    await begin(`azure=${cloud.address}`);
    await waitFor('the spool to be taken', () => readdirSync(inRun('spool')).length === 1);
    const spool = asides().find((name) => name.startsWith('spool')) ?? '';
    expect(readdirSync(inRun(spool)).map((name) => readFileSync(inRun(path.join(spool, name)), 'utf8'))).toEqual([expect.stringContaining('of the first machine')]);
  });

  test('that woke up while the daemon ran ends it, and its next start is fresh', async () => {
    const daemon = await begin(`azure=${cloud.address}`);
    await knows(azureSample.compute.vmId);
    await daemon.stop();
    cloud.answer = json(another);
    const awake = launch(`azure=${cloud.address}`);
    expect(await awake.ended).toMatchObject({ code: 1 });
    expect(awake.stderr()).toContain(`jetpackd: this machine is instance another-vm now, and jetpackd began as instance ${azureSample.compute.vmId}: it starts again, with fresh state`);
    await begin(`azure=${cloud.address}`);
    await knows('another-vm');
  });

  test('does not use the identity that it brought along, and says what to do', async () => {
    const connection = path.join(home, 'config', 'connection.json');
    mkdirSync(path.dirname(connection), { mode: 0o750 });
    const content = JSON.stringify({ cluster: 'c', node: 'n1', url: 'amqp://c.n1:s3cret@127.0.0.1:1' });
    writeFileSync(connection, content, { mode: 0o600 });
    await servedByTheFirst([]);
    reboot();
    cloud.answer = json(another);
    const copy = launch(`azure=${cloud.address}`, []);
    expect(await copy.ended).toMatchObject({ code: 1 });
    expect(copy.stderr()).toMatch(/jetpackd: .*connection\.json is the identity of instance .*, and this is instance another-vm: it was set aside as .*; enroll this machine, or give --cluster, --node and --amqp/);
    expect(copy.stderr()).not.toContain('s3cret');
    expect(existsSync(connection)).toBe(false);
    // Enrolled, it has one of its own.
    writeFileSync(connection, content.replace('s3cret', 'another').replace('n1', 'n2'), { mode: 0o600 });
    const enrolled = launch(`azure=${cloud.address}`, []);
    await enrolled.serving;
    await knows('another-vm');
  });
});

test('a second daemon takes no identity from the one that serves its home', async () => {
  const connection = path.join(home, 'config', 'connection.json');
  mkdirSync(path.dirname(connection), { mode: 0o750 });
  writeFileSync(connection, JSON.stringify({ cluster: 'c', node: 'n1', url: 'amqp://c.n1:s3cret@127.0.0.1:1' }), { mode: 0o600 });
  await launch('none', []).serving;
  const second = launch('none', ['--instance', 'test']);
  expect(await second.ended).toMatchObject({ code: 1 });
  expect(second.stderr()).toContain(`another jetpackd serves ${home}`);
  expect(existsSync(connection)).toBe(true);
});

/** Both take root; a machine without them has nothing to show here. */
const canFilter = process.getuid?.() === 0 && spawnSync('unshare', ['--net', 'iptables', '-w', '5', '-S'], { stdio: 'ignore', env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } }).status === 0;
if (!canFilter) process.stderr.write('left out: the packet filter, which takes root and iptables\n');
test('the packet filter is at hand where nothing may be left out', () => expect(canFilter || process.env['CI'] !== 'true').toBe(true));

describe.each(canFilter ? ['iptables'] : [])('cyclecloud.node.prevent_metadata_access with %s', () => {
  test('closes the service to all users but root, once, and opens it again', async () => {
    const script = path.join(import.meta.dirname, 'metadata', 'netns.ts');
    const output = execFileSync('unshare', ['--net', process.execPath, '--no-warnings', script, folder], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    const steps = output.trim().split('\n').map((line) => JSON.parse(line) as { readonly step: string; readonly reached: readonly string[]; readonly rules: readonly number[] });
    const everyone = ['root 80', 'root 8080', 'root 53', 'root ipv6 80', 'nobody 80', 'nobody 8080', 'nobody 53', 'nobody ipv6 80'];
    const closed = ['root 80', 'root 8080', 'root 53', 'root ipv6 80', 'nobody 53'];
    expect(steps).toEqual([
      { step: 'before', reached: everyone, rules: [0, 0] },
      { step: 'closed', reached: closed, rules: [1, 3] },
      { step: 'closed again', reached: closed, rules: [1, 3] },
      { step: 'opened', reached: everyone, rules: [0, 0] },
    ]);
  });
});
