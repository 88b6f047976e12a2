// Which cloud a machine looks like, from what its firmware says of it: cheap, and enough that a machine in no cloud is not held
// up. The marks are those of cloud-init's ds-identify.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SourceName } from './metadata.ts';

export interface Marks {
  readonly vendor: string;
  readonly product: string;
  readonly serial: string;
  readonly uuid: string;
  readonly chassis: string;
  readonly hypervisor: string;
}

/** Empty where there is none, or where only root may look. `sys`: where /sys is. */
export const readMarks = (sys: string): Marks => {
  const read = (...names: readonly string[]): string => {
    try {
      return readFileSync(path.join(sys, ...names), 'utf8').trim();
    } catch {
      return '';
    }
  };
  const dmi = (name: string): string => read('class', 'dmi', 'id', name);
  return {
    vendor: dmi('sys_vendor'),
    product: dmi('product_name'),
    serial: dmi('product_serial'),
    uuid: dmi('product_uuid'),
    chassis: dmi('chassis_asset_tag'),
    hypervisor: read('hypervisor', 'uuid'),
  };
};

const azureChassis = '7783-7084-3265-9085-8269-3286-77';
const nova: ReadonlySet<string> = new Set(['OpenStack Nova', 'OpenStack Compute']);
const openstackChassis: ReadonlySet<string> = new Set([...nova, 'OpenTelekomCloud', 'SAP CCloud VM', 'HUAWEICLOUD']);

const beginsWithEc2 = (text: string): boolean => /^ec2/i.test(text);

/** Whether it is a container: it has the firmware of a machine that it shares with others, and is not that machine. */
export const isContainer = (root = '/'): boolean => ['.dockerenv', path.join('run', '.containerenv'), path.join('run', 'systemd', 'container')].some((name) => existsSync(path.join(root, name)));

/** Asked on any machine: they cost nothing. */
const files: readonly SourceName[] = ['configdrive', 'nocloud'];

/** The sources to ask: the machine's cloud, where it is known, and behind it files, for where its service is silent or shut off. */
export const detect = ({ chassis, hypervisor, product, serial, uuid, vendor }: Marks): readonly SourceName[] => {
  if (chassis === azureChassis) return ['azure', ...files];
  if (vendor === 'Amazon EC2' || beginsWithEc2(hypervisor) || (beginsWithEc2(uuid) && beginsWithEc2(serial))) return ['ec2', ...files];
  if (product === 'Google Compute Engine' || serial.startsWith('GoogleCloud-')) return ['gce', ...files];
  if (nova.has(product) || openstackChassis.has(chassis)) return ['configdrive', 'openstack', 'nocloud'];
  return files;
};
