import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { detect, isContainer, readMarks } from './detect.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'jetpack-detect-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const put = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
};

test.each([
  [{ chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77\n', sys_vendor: 'Microsoft Corporation' }, ['azure', 'configdrive', 'nocloud']],
  [{ sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine' }, ['configdrive', 'nocloud']],
  [{ sys_vendor: 'Amazon EC2', product_name: 'hpc6a.48xlarge' }, ['ec2', 'configdrive', 'nocloud']],
  [{ product_uuid: 'EC2A1B2C-0000', product_serial: 'ec2a1b2c-0000' }, ['ec2', 'configdrive', 'nocloud']],
  [{ product_uuid: 'EC2A1B2C-0000', product_serial: 'none' }, ['configdrive', 'nocloud']],
  [{ product_name: 'Google Compute Engine' }, ['gce', 'configdrive', 'nocloud']],
  [{ product_serial: 'GoogleCloud-ABC' }, ['gce', 'configdrive', 'nocloud']],
  [{ product_name: 'OpenStack Nova' }, ['configdrive', 'openstack', 'nocloud']],
  [{ chassis_asset_tag: 'OpenTelekomCloud' }, ['configdrive', 'openstack', 'nocloud']],
  [{ sys_vendor: 'Dell Inc.', product_name: 'PowerEdge R640' }, ['configdrive', 'nocloud']],
  [{}, ['configdrive', 'nocloud']],
])('a machine with %j is asked as %j', (marks, sources) => {
  for (const [name, text] of Object.entries(marks)) put(`class/dmi/id/${name}`, text);
  expect(detect(readMarks(root))).toEqual(sources);
});

test('an older EC2 is known by its hypervisor', () => {
  put('hypervisor/uuid', 'ec2e1916-9099-7caf-fd21-012345abcdef\n');
  expect(detect(readMarks(root))).toEqual(['ec2', 'configdrive', 'nocloud']);
});

test.each(['.dockerenv', 'run/.containerenv', 'run/systemd/container'])('with /%s it is a container', (mark) => {
  expect(isContainer(root)).toBe(false);
  put(mark, '');
  expect(isContainer(root)).toBe(true);
});
