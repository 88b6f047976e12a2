import { describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import type { CachedMetadata } from './cache.ts';
import type { Finder, Found } from './find.ts';
import type { MachineIdentity } from './machine-identity.ts';
import type { Metadata } from './metadata.ts';
import { resolveInstance } from './resolve.ts';

const metadata = (instanceId: string): Metadata => ({ source: 'azure', instanceId, tree: { azure: {} } });
const hardware: MachineIdentity = { id: 'dmi-1', isHardware: true, bootId: 'boot-1' };
const software: MachineIdentity = { id: 'machine-1', isHardware: false, bootId: 'boot-1' };
const cacheOf = (machine: MachineIdentity, instanceId = 'vm-1', knownAs: readonly string[] = []): CachedMetadata => ({ metadata: metadata(instanceId), knownAs, machine, at: 1 });

interface Case {
  readonly given?: string;
  readonly machine?: MachineIdentity;
  readonly cached?: CachedMetadata;
  readonly served?: Pick<MachineIdentity, 'id' | 'bootId'>;
  readonly says?: Metadata;
  readonly sources?: Finder['sources'];
}

const resolve = async ({ cached, given, machine = hardware, says, served, sources = [{ name: 'azure' }] }: Case) => {
  let asked = 0;
  const log = recordLog();
  const finder: Finder = {
    sources,
    find: async (): Promise<Found> => {
      asked += 1;
      return { metadata: says, reasons: says === undefined ? ['azure does not answer'] : [] };
    },
  };
  const instance = await resolveInstance({ given, machine, cached, served, finder, logger: log.logger });
  return { instance, asked, lines: log.lines };
};

describe('which instance this is', () => {
  test('the option says before all others, and nobody is waited for', async () => {
    const { asked, instance } = await resolve({ given: 'i-1', cached: cacheOf(hardware) });
    expect(instance).toEqual({ id: 'i-1', from: 'option', knownAs: [], metadata: metadata('vm-1'), isFresh: false });
    expect(asked).toBe(0);
  });

  test('the cloud says where nothing is known yet, and the machine\'s own hardware id is a name of it', async () => {
    expect((await resolve({ says: metadata('vm-1') })).instance).toEqual({ id: 'vm-1', from: 'cloud', knownAs: ['dmi-1'], metadata: metadata('vm-1'), isFresh: true });
  });

  test('an id that copies of a disk have is no other name of it', async () => {
    expect((await resolve({ machine: software, says: metadata('vm-1') })).instance.knownAs).toEqual([]);
  });

  test('but one under which the home was served in this very boot is: no copy has both', async () => {
    expect((await resolve({ machine: software, served: software, says: metadata('vm-1') })).instance).toMatchObject({ id: 'vm-1', knownAs: ['machine-1'] });
    for (const served of [{ ...software, bootId: 'boot-0' }, { ...software, id: 'machine-2' }]) {
      expect((await resolve({ machine: software, served, says: metadata('vm-1') })).instance.knownAs).toEqual([]);
    }
  });

  test('what the cloud said before counts without asking, on the same hardware or in the same boot', async () => {
    for (const machine of [hardware, software]) {
      const { asked, instance } = await resolve({ machine, cached: cacheOf(machine, 'vm-1', ['older']), says: metadata('vm-2') });
      expect(instance).toMatchObject({ id: 'vm-1', from: 'cloud', isFresh: false });
      expect(instance.knownAs).toContain('older');
      expect(asked).toBe(0);
    }
    expect((await resolve({ cached: cacheOf({ ...hardware, bootId: 'boot-0' }) })).asked).toBe(0);
  });

  test('on other hardware the cloud is asked: a copied disk brought what it said of another', async () => {
    const { asked, instance } = await resolve({ machine: { ...hardware, id: 'dmi-2' }, cached: cacheOf(hardware, 'vm-1', ['older']), says: metadata('vm-2') });
    expect(instance).toEqual({ id: 'vm-2', from: 'cloud', knownAs: ['dmi-2'], metadata: metadata('vm-2'), isFresh: true });
    expect(asked).toBe(1);
  });

  test('in another boot of a machine without a hardware id it is asked too, and what it said before counts only when it does not answer', async () => {
    const cached = cacheOf({ ...software, bootId: 'boot-0' });
    expect((await resolve({ machine: software, cached, says: metadata('vm-2') })).instance.id).toBe('vm-2');
    const { instance, lines } = await resolve({ machine: software, cached });
    expect(instance).toMatchObject({ id: 'vm-1', from: 'cloud', isFresh: false });
    expect(lines).toEqual(['warn: the cloud does not say which instance this is: what it said before counts (azure does not answer)']);
  });

  test('what a source behind the one that said it says is not believed before it: that one does not answer just now', async () => {
    const sources = [{ name: 'azure' }, { name: 'nocloud' }] as const;
    const says: Metadata = { source: 'nocloud', instanceId: 'iid-x', tree: {} };
    const { instance, lines } = await resolve({ machine: software, cached: cacheOf({ ...software, bootId: 'boot-0' }), sources, says });
    expect(instance).toMatchObject({ id: 'vm-1', from: 'cloud', isFresh: false });
    expect(lines).toHaveLength(1);
    expect((await resolve({ machine: software, cached: cacheOf({ ...software, bootId: 'boot-0' }), sources, says: { ...says, instanceId: 'vm-1' } })).instance).toMatchObject({ id: 'vm-1', isFresh: true });
    expect((await resolve({ machine: software, cached: cacheOf({ ...software, id: 'machine-2' }), sources, says })).instance.id).toBe('iid-x');
  });

  test('a machine whose cloud does not answer goes by its own id, and not by that of the machine it was copied from', async () => {
    expect((await resolve({})).instance).toEqual({ id: 'dmi-1', from: 'machine', knownAs: [], metadata: undefined, isFresh: false });
    expect((await resolve({ machine: { ...hardware, id: 'dmi-2' }, cached: cacheOf(hardware) })).instance).toMatchObject({ id: 'dmi-2', from: 'machine', knownAs: [] });
  });

  test('a source that names no machine leaves it its own id', async () => {
    const { instance } = await resolve({ says: { source: 'nocloud', tree: { nocloud: {} } } });
    expect(instance).toMatchObject({ id: 'dmi-1', from: 'machine', metadata: { source: 'nocloud' }, isFresh: true });
  });

  test('who turns metadata off keeps what was kept under the name that the cloud gave', async () => {
    const { asked, instance } = await resolve({ cached: cacheOf(hardware, 'vm-1', ['older']), sources: [] });
    expect(instance).toMatchObject({ id: 'dmi-1', from: 'machine', knownAs: ['vm-1', 'older'], metadata: undefined });
    expect(asked).toBe(1);
  });

  test('what a source said that is not asked any more does not count', async () => {
    const { instance } = await resolve({ cached: cacheOf(hardware), sources: [{ name: 'gce' }], says: { source: 'gce', instanceId: '77', tree: {} } });
    expect(instance).toMatchObject({ id: '77', metadata: { source: 'gce' } });
  });
});
