import { expect, test } from '@jest/globals';
import os from 'node:os';
import { propertiesOf } from '../../commands/properties.ts';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { lasts } from '../../effects/testing/lasts.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { gatherFacts } from './gather.ts';
import { askedOnce, type FactSources } from './sources.ts';

const sound: FactSources = {
  hostname: async () => 'n1',
  fullName: async () => 'n1.lab.example',
  kernel: async () => ({ name: 'Linux', release: '6.1.0', version: '#1 SMP', machine: 'x86_64' }),
  osRelease: async () => 'ID=debian\nVERSION_ID="12"\n',
  cpu: async () => ({ cores: 2, physicalCores: 2, processors: 1, speedMax: 0 }),
  cpuinfo: async () => 'vendor_id : AMD\n',
  memory: async () => ({ total: 1024, swaptotal: 0 }),
  interfaces: async () => ({}),
  defaultInterface: async () => '',
  gateway: async () => '',
  fileSystems: async () => [{ fs: '/dev/sda', type: 'ext4', size: 1024, mount: '/' }],
  hypervPool: async () => new Uint8Array(),
};

const never = (): Promise<never> => new Promise(() => undefined);
const broken = async (): Promise<never> => {
  throw new Error('broken');
};

test('facts carry the names that Ohai gives them', async () => {
  expect(await gatherFacts({ clock: systemClock, logger: silentLogger, sources: sound })).toEqual({
    hostname: 'n1',
    machinename: 'n1',
    fqdn: 'n1.lab.example',
    domain: 'lab.example',
    os: 'linux',
    os_version: '6.1.0',
    kernel: { name: 'Linux', release: '6.1.0', version: '#1 SMP', machine: 'x86_64' },
    platform: 'debian',
    platform_family: 'debian',
    platform_version: '12',
    os_release: { id: 'debian', version_id: '12' },
    cpu: { total: 2, cores: 2, real: 1, '0': { vendor_id: 'AMD' } },
    memory: { total: '1kB', swap: { total: '0kB' } },
    network: { interfaces: {} },
    filesystem: { by_mountpoint: { '/': { kb_size: '1', fs_type: 'ext4', devices: ['/dev/sda'] } } },
  });
});

test('properties of the system come from facts alone', async () => {
  const osRelease = async () => 'ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION="8.10 (Cerulean Leopard)"\nVERSION_ID="8.10"\n';
  const facts = await gatherFacts({ clock: systemClock, logger: silentLogger, sources: { ...sound, osRelease } });
  expect(propertiesOf(facts, {})).toMatchObject({
    os: { id: 'almalinux', id_like: 'rhel centos fedora', version: '8.10 (Cerulean Leopard)', version_id: '8.10' },
    vm: { hostname: 'n1' },
  });
});

test('what ohai tells of the same counts, and nothing else of it is a fact', async () => {
  const ohai = { ask: async () => ({ cpu: { total: 8 }, platform: 'redhat', languages: { ruby: {} } }) };
  const facts = await gatherFacts({ clock: systemClock, logger: silentLogger, sources: sound, ohai });
  expect(facts).toMatchObject({ cpu: { total: 8 }, platform: 'redhat', hostname: 'n1' });
  expect(facts['cpu']).toEqual({ total: 8 });
  expect(facts).not.toHaveProperty('languages');
});

const sources = Object.keys(sound) as Array<keyof FactSources>;

test.each(sources)('without %s the others are there all the same, and the log says so', async (source) => {
  const all = await gatherFacts({ clock: systemClock, logger: silentLogger, sources: sound });
  const log = recordLog();
  const facts = await gatherFacts({ clock: systemClock, logger: log.logger, sources: { ...sound, [source]: broken } });
  expect(log.lines).toEqual([expect.stringMatching(/^debug: no .* among the facts: Error: broken$/)]);
  for (const key of Object.keys(facts)) expect(Object.keys(all)).toContain(key);
  expect(Object.keys(facts).length).toBeGreaterThan(7);
});

test('what never answers is waited for five seconds, all of it at the same time', async () => {
  const clock = new ManualClock();
  const log = recordLog();
  const hung = Object.fromEntries(sources.map((source) => [source, never])) as unknown as FactSources;
  const gathering = gatherFacts({ clock, logger: log.logger, sources: hung });
  expect(await lasts(clock, gathering)).toBeLessThan(5_500);
  expect(await gathering).toEqual({});
  expect(log.lines).toHaveLength(sources.length);
  expect(clock.armed).toBe(0);
});

test('the waiting ends when it is told to', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const gathering = gatherFacts({ clock, logger: silentLogger, sources: { ...sound, fileSystems: never }, signal: stop.signal });
  stop.abort();
  expect(await gathering).not.toHaveProperty('filesystem');
  expect(clock.armed).toBe(0);
});

test('an empty answer is none', async () => {
  const empty: FactSources = {
    ...sound,
    cpu: async () => ({ cores: 0, physicalCores: 0, processors: 0, speedMax: 0 }),
    memory: async () => ({ total: 0, swaptotal: 0 }),
    fileSystems: async () => [],
    fullName: async () => '',
  };
  const facts = await gatherFacts({ clock: systemClock, logger: silentLogger, sources: empty });
  expect(facts).toMatchObject({ fqdn: 'n1' });
  for (const key of ['cpu', 'memory', 'filesystem', 'domain']) expect(facts).not.toHaveProperty(key);
});

test('a question is not asked again while its answer is awaited', async () => {
  const answers: Array<PromiseWithResolvers<number>> = [];
  const ask = askedOnce(() => {
    answers.push(Promise.withResolvers<number>());
    return answers.at(-1)!.promise;
  });
  const both = Promise.all([ask(), ask()]);
  expect(answers).toHaveLength(1);
  answers[0]!.resolve(1);
  expect(await both).toEqual([1, 1]);
  const next = ask();
  answers[1]!.reject(new Error('broken'));
  await expect(next).rejects.toThrow('broken');
  void ask();
  expect(answers).toHaveLength(3);
});

test('this machine tells the same twice, and what Node knows of it', async () => {
  const gather = () => gatherFacts({ clock: systemClock, logger: silentLogger });
  const facts = await gather();
  expect(facts).toMatchObject({ machinename: os.hostname(), os: 'linux', kernel: { release: os.release() }, cpu: { total: os.cpus().length } });
  expect(facts).toHaveProperty('platform_family', expect.stringMatching(/./));
  expect(facts).toHaveProperty('memory.total', `${Math.floor(os.totalmem() / 1024)}kB`);
  expect(await gather()).toEqual(facts);
});
