import { describe, expect, test } from '@jest/globals';
import { propertiesOf } from '../../commands/properties.ts';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { gatherFacts } from './gather.ts';
import { physicalHostFacts } from './hyperv.ts';
import { systemSources } from './sources.ts';

/** A record as the guest's daemon keeps it, in what may have been there before. */
const pair = (name: string, value: string, before = 0): Buffer => {
  const record = Buffer.alloc(512 + 2_048, before);
  record.write(`${name}\0`, 0);
  record.write(`${value}\0`, 512);
  return record;
};

/** What a virtual machine of Azure has in its third pool, in that order. */
const pool = Buffer.concat([
  pair('HostName', 'BL24A0102030405'),
  pair('HostingSystemEditionId', '168'),
  pair('HostingSystemNestedLevel', '0'),
  pair('HostingSystemOsMajor', '10'),
  pair('HostingSystemOsMinor', '0'),
  pair('HostingSystemProcessorArchitecture', '9'),
  pair('PhysicalHostName', 'BL24A0102030405'),
  pair('PhysicalHostNameFullyQualified', 'BL24A0102030405.compute.example'),
  pair('VirtualMachineDynamicMemoryBalancingEnabled', '0'),
  pair('VirtualMachineId', '2F3A1C9E-7B1D-4F0A-9C7E-0123456789AB'),
  pair('VirtualMachineName', '2f3a1c9e-7b1d-4f0a-9c7e-0123456789ab'),
]);

const hostIn = (...records: readonly Uint8Array[]): unknown => physicalHostFacts(Buffer.concat(records))['virtualization'];

describe('the physical host', () => {
  test('is told by its full name, of eleven records of 2,560 bytes', () => {
    expect(pool).toHaveLength(28_160);
    expect(hostIn(pool)).toEqual({ hypervisor_host: 'BL24A0102030405.compute.example' });
  });

  test('is told by a shorter one where there is no full one', () => {
    expect(hostIn(pair('HostName', 'a'), pair('PhysicalHostName', 'b'))).toEqual({ hypervisor_host: 'b' });
    expect(hostIn(pair('HostName', 'a'), pair('PhysicalHostNameFullyQualified', ''))).toEqual({ hypervisor_host: 'a' });
  });

  test('is not mixed with what was in a record before', () => {
    expect(hostIn(pair('PhysicalHostName', 'host-7', 0x41))).toEqual({ hypervisor_host: 'host-7' });
  });

  test.each([
    ['an empty pool', Buffer.alloc(0)],
    ['a pool without it', pair('VirtualMachineName', 'vm')],
    ['a record that ends too early', pool.subarray(0, 2_559)],
    ['a value that is no name', pair('HostName', 'a\nb')],
    ['a value of more than a name has', pair('HostName', 'x'.repeat(256))],
    ['anything else', Buffer.alloc(5_120, 0xff)],
  ])('is not told by %s', (_what, bytes) => {
    expect(physicalHostFacts(bytes)).toEqual({});
  });

  test('is a fact of the machine, and a property', async () => {
    const facts = await gatherFacts({ clock: systemClock, logger: silentLogger, sources: { ...systemSources, hypervPool: async () => pool } });
    expect(propertiesOf(facts, {})).toMatchObject({ vm: { physical_hostname: 'BL24A0102030405.compute.example' } });
  });
});
