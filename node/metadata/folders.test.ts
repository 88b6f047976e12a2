import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { configDrives } from './folders.ts';
import type { Metadata } from './metadata.ts';
import { readSeed } from './nocloud.ts';
import { readConfigDrive } from './openstack.ts';
import type { Result } from '../../protocol/result.ts';
import { openstackSample } from './testing/samples.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-metadata-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

const refusal = (read: Result<Metadata, string>): string => (read.ok ? 'it was taken' : read.error.replaceAll(folder, ''));

describe('a config drive', () => {
  test('is what the service would say, with the addresses of its EC2 side', async () => {
    put('openstack/latest/meta_data.json', JSON.stringify(openstackSample));
    put('ec2/latest/meta-data.json', JSON.stringify({ 'local-ipv4': '10.0.0.7', 'instance-type': 'm1.hpc', placement: { 'availability-zone': 'az1' } }));
    const read = await readConfigDrive(folder);
    expect(read).toMatchObject({ ok: true, value: { source: 'configdrive', instanceId: openstackSample.uuid } });
    expect(read.ok && read.value.tree).toMatchObject({ openstack: { provider: 'openstack', placement_availability_zone: 'az1', metadata: { name: 'execute-1' } }, cloud: { local_ipv4: '10.0.0.7', vm_size: 'm1.hpc' } });
    expect(JSON.stringify(read)).not.toContain('s3cret');
  });

  test('that is none, or is damaged, says what is wrong', async () => {
    expect(refusal(await readConfigDrive(folder))).toBe('has no /openstack/latest/meta_data.json');
    put('openstack/latest/meta_data.json', '{"uuid"');
    expect(refusal(await readConfigDrive(folder))).toBe('has a openstack/latest/meta_data.json that is not JSON');
    put('openstack/latest/meta_data.json', '{}');
    expect(refusal(await readConfigDrive(folder))).toBe('has a openstack/latest/meta_data.json without uuid');
    truncateSync(path.join(folder, 'openstack/latest/meta_data.json'), 2_000_000);
    expect(refusal(await readConfigDrive(folder))).toBe('has /openstack/latest/meta_data.json of 2000000 bytes: at most 1048576 are allowed');
  });

  test('is looked for where a device with its label is mounted', () => {
    put('dev/vdb', '');
    mkdirSync(path.join(folder, 'by-label'));
    symlinkSync(path.join(folder, 'dev/vdb'), path.join(folder, 'by-label/config-2'));
    put('mounts', `/dev/vda1 / ext4 rw 0 0\n${path.join(folder, 'dev/vdb')} /mnt/the\\040drive iso9660 ro 0 0\n`);
    expect(configDrives(path.join(folder, 'by-label'), path.join(folder, 'mounts'))).toContain('/mnt/the drive');
    expect(configDrives(path.join(folder, 'none'), path.join(folder, 'mounts'))).not.toContain('/mnt/the drive');
  });
});

describe('a seed folder', () => {
  test('of YAML is told with its names, and what is for users stays there', async () => {
    put('meta-data', 'instance-id: iid-local01\nlocal-hostname: execute-1\npublic-keys:\n  - ssh-rsa AAAA\n');
    put('user-data', '#cloud-config\npassword: s3cret\n');
    const read = await readSeed(folder);
    expect(read).toMatchObject({ ok: true, value: { source: 'nocloud', instanceId: 'iid-local01' } });
    expect(read.ok && read.value.tree).toEqual({
      nocloud: { metadata: { 'instance-id': 'iid-local01', 'local-hostname': 'execute-1', 'public-keys': ['ssh-rsa AAAA'] } },
      cloud: { provider: 'nocloud', instance_id: 'iid-local01', local_hostname: 'execute-1' },
    });
  });

  test('of JSON serves as well, and one without an id names no machine', async () => {
    put('meta-data', '{"local-hostname": "n1"}');
    put('user-data', '');
    const read = await readSeed(folder);
    expect(read).toMatchObject({ ok: true, value: { source: 'nocloud' } });
    expect(read.ok && read.value.instanceId).toBeUndefined();
  });

  test('that lacks a file, or has one that cannot be read, is none', async () => {
    expect(refusal(await readSeed(folder))).toBe('has no /meta-data');
    put('meta-data', 'instance-id: a');
    expect(refusal(await readSeed(folder))).toBe('has no /user-data');
    mkdirSync(path.join(folder, 'user-data'));
    expect(refusal(await readSeed(folder))).toBe('has /user-data, which is not a regular file');
    rmSync(path.join(folder, 'user-data'), { recursive: true });
    put('user-data', '');
    put('meta-data', 'no map');
    expect(refusal(await readSeed(folder))).toBe('has a meta-data that cannot be read in line 1: a key and a colon are expected');
  });

  test('with a pipe in place of a file holds nobody up', async () => {
    execFileSync('mkfifo', [path.join(folder, 'meta-data')]);
    put('user-data', '');
    expect(refusal(await readSeed(folder))).toBe('has /meta-data, which is not a regular file');
  });
});
