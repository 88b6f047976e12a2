import { describe, expect, test } from '@jest/globals';
import type { NetworkInterfaceInfo } from 'node:os';
import { cpuFacts, filesystemFacts, memoryFacts } from './hardware.ts';
import { networkFacts } from './network.ts';
import { platformFacts, releaseFacts } from './platform.ts';

describe('the platform, as Ohai names it', () => {
  test.each([
    ['ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"', 'ubuntu', 'debian', '22.04'],
    ['ID=debian\nVERSION_ID="12"', 'debian', 'debian', '12'],
    ['ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"', 'redhat', 'rhel', '9.4'],
    ['ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"', 'centos', 'rhel', '7'],
    ['ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"', 'almalinux', 'rhel', '8.10'],
    ["ID='rocky'\nVERSION_ID='9.3'", 'rocky', 'rhel', '9.3'],
    ['ID="ol"\nVERSION_ID="8.9"', 'oracle', 'rhel', '8.9'],
    ['ID="sles"\nID_LIKE="suse"\nVERSION_ID="15.5"', 'suse', 'suse', '15.5'],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"', 'opensuseleap', 'suse', '15.6'],
    ['ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"', 'amazon', 'amazon', '2023'],
    ['ID=fedora\nVERSION_ID=40', 'fedora', 'fedora', '40'],
    ['ID=newlinux\nID_LIKE="strange rhel debian"\nVERSION_ID=1', 'newlinux', 'rhel', '1'],
    ['ID=lonely\nVERSION_ID=1', 'lonely', 'lonely', '1'],
    ['# comment\nID=arch\nnot a line', 'arch', 'arch', '6.1.0'],
    ['', 'linux', 'linux', '6.1.0'],
  ])('%j', (text, platform, family, version) => {
    expect(platformFacts(text, '6.1.0')).toEqual({ platform, platform_family: family, platform_version: version });
  });
});

describe('the release of the system, as Ohai has it', () => {
  test('is every line of the file under its name in small letters, and what it is like a list', () => {
    const text = 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel  centos fedora"\nVERSION="9.4 (Blue Onyx)"\nVERSION_ID="9.4"\n# comment\nnot a line\n';
    expect(releaseFacts(text)).toEqual({
      os_release: { name: 'Rocky Linux', id: 'rocky', id_like: ['rhel', 'centos', 'fedora'], version: '9.4 (Blue Onyx)', version_id: '9.4' },
    });
  });

  test('that says nothing is no fact', () => expect(releaseFacts('')).toEqual({}));
});

const info = (family: 'IPv4' | 'IPv6', address: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
  ({ address, netmask: '255.255.255.0', family, mac: '00:0d:3a:aa:bb:cc', internal: false, cidr: `${address}/24`, scopeid: 0, ...more });

const loopback = [info('IPv4', '127.0.0.1', { internal: true, mac: '00:00:00:00:00:00', netmask: '255.0.0.0', cidr: '127.0.0.1/8' })];
const ethernet = [info('IPv4', '10.0.0.4'), info('IPv6', 'fe80::1', { cidr: 'fe80::1/64' }), info('IPv6', 'fd00::4', { cidr: 'fd00::4/64' })];

describe('the network', () => {
  test('has the addresses of the interface with the default route', () => {
    const facts = networkFacts({ interfaces: { lo: loopback, ib0: [info('IPv4', '172.16.0.4')], eth0: ethernet }, defaultInterface: 'eth0', gateway: '10.0.0.1' });
    expect(facts).toMatchObject({
      ipaddress: '10.0.0.4',
      ip6address: 'fd00::4',
      macaddress: '00:0D:3A:AA:BB:CC',
      cloud: { local_ipv4: '10.0.0.4' },
      network: { default_interface: 'eth0', default_gateway: '10.0.0.1' },
    });
    expect(facts['network']).toHaveProperty(['interfaces', 'eth0', 'addresses', '10.0.0.4'], { family: 'inet', prefixlen: '24', netmask: '255.255.255.0' });
    expect(facts['network']).toHaveProperty(['interfaces', 'eth0', 'addresses', '00:0D:3A:AA:BB:CC'], { family: 'lladdr' });
    expect(facts['network']).toHaveProperty(['interfaces', 'lo', 'addresses'], { '127.0.0.1': { family: 'inet', prefixlen: '8', netmask: '255.0.0.0' } });
  });

  test('without a default route has those of the first interface that is no loopback', () => {
    expect(networkFacts({ interfaces: { lo: loopback, eth1: ethernet }, defaultInterface: undefined, gateway: undefined })).toMatchObject({ ipaddress: '10.0.0.4' });
  });

  test('of a machine that has none is only its interfaces', () => {
    const facts = networkFacts({ interfaces: { lo: loopback }, defaultInterface: undefined, gateway: undefined });
    expect(Object.keys(facts)).toEqual(['network']);
  });

  test('does not change with every container', () => {
    const input = { interfaces: { lo: loopback, eth0: ethernet }, defaultInterface: 'eth0', gateway: undefined };
    const busy = { ...input, interfaces: { ...input.interfaces, veth12ab: [info('IPv6', 'fe80::2')] } };
    expect(networkFacts(busy)).toEqual(networkFacts(input));
  });
});

describe('the hardware', () => {
  const cpuinfo = 'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 106\nmodel name\t: Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz\ncpu MHz\t\t: 1234.567\n';
  const cpu = { cores: 8, physicalCores: 4, processors: 2, speedMax: 0 };

  test('counts threads, cores and sockets, and names the model', () => {
    expect(cpuFacts(cpu, cpuinfo)).toEqual({
      cpu: { total: 8, cores: 4, real: 2, '0': { vendor_id: 'GenuineIntel', model_name: 'Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz', mhz: '2800.000' } },
    });
  });

  test('has the highest clock rate, and never that of the moment', () => {
    expect(cpuFacts({ ...cpu, speedMax: 3.5 }, cpuinfo)).toHaveProperty('cpu.0.mhz', '3500.000');
    expect(cpuFacts(cpu, 'model name : Some CPU\ncpu MHz : 1234.5')).toEqual({ cpu: { total: 8, cores: 4, real: 2, '0': { model_name: 'Some CPU' } } });
    expect(cpuFacts(cpu, '')).toHaveProperty('cpu.0', {});
  });

  test('has its memory as text with its unit', () => {
    expect(memoryFacts({ total: 24_683_620 * 1024, swaptotal: 0 })).toEqual({ memory: { total: '24683620kB', swap: { total: '0kB' } } });
  });

  test('has file systems by their place, and no room that is free', () => {
    const root = { fs: '/dev/sda1', type: 'ext4', size: 10_485_760, mount: '/', used: 5, available: 7 };
    const facts = filesystemFacts([{ fs: '/dev/sdb1', type: 'xfs', size: 2048, mount: '/mnt' }, root, { fs: 'overlay', type: 'overlay', size: 1, mount: '/var/lib/docker/overlay2/x/merged' }]);
    expect(facts).toEqual({
      filesystem: { by_mountpoint: { '/': { kb_size: '10240', fs_type: 'ext4', devices: ['/dev/sda1'] }, '/mnt': { kb_size: '2', fs_type: 'xfs', devices: ['/dev/sdb1'] } } },
    });
  });
});
