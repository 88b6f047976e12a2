// OpenStack: its metadata service, or a config drive, which holds the same files.
import path from 'node:path';
import { isTree, parseExactTree, type ExactJson, type ExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { cloudFacts } from './cloud-facts.ts';
import { Ec2Tree } from './ec2-tree.ts';
import { idAt, textAt, without } from './look.ts';
import type { Metadata } from './metadata.ts';
import { MetadataService, type Reach } from './service.ts';
import { readSmallFile } from './small-file.ts';

const metaData = 'openstack/latest/meta_data.json';

/** A password, and randomness that keys may be made of. */
const secret: ReadonlySet<string> = new Set(['admin_pass', 'random_seed']);

/** `ec2`: of the tree that OpenStack keeps for programs that know EC2, in Ohai's names. */
const metadataOf = (source: 'openstack' | 'configdrive', found: ExactTree, ec2: ExactTree): Metadata => {
  const metadata = without(found, [], secret);
  const openstack: ExactTree = { provider: 'openstack', ...ec2, metadata };
  const instanceId = idAt(metadata, 'uuid');
  const facts = cloudFacts({
    provider: 'openstack',
    instanceId,
    publicIpv4: [textAt(ec2, 'public_ipv4')],
    localIpv4: [textAt(ec2, 'local_ipv4')],
    publicHostname: textAt(ec2, 'public_hostname'),
    localHostname: textAt(metadata, 'hostname') ?? textAt(ec2, 'local_hostname'),
    vmSize: textAt(ec2, 'instance_type'),
    zone: textAt(metadata, 'availability_zone') ?? textAt(ec2, 'placement_availability_zone'),
  });
  return { source, ...(instanceId === undefined ? {} : { instanceId }), tree: { openstack, ...facts } };
};

export const askOpenstack = async (address: string, reach: Reach): Promise<Result<Metadata, string>> => {
  const service = new MetadataService(address, reach);
  const answer = await service.ask({ path: `/${metaData}`, headers: {} });
  if (!answer.ok) return answer;
  const tree = parseExactTree(answer.value.body);
  if (!tree.ok) return { ok: false, error: `answers with what ${tree.error}` };
  if (idAt(tree.value, 'uuid') === undefined) return { ok: false, error: 'answers without uuid' };
  const ec2 = await new Ec2Tree(service, {}).read();
  // It is there for addresses and sizes; who the machine is was said above.
  return ok(metadataOf('openstack', tree.value, ec2.ok ? (ec2.value ?? {}) : {}));
};

/** `ec2/latest/meta-data.json` of a config drive, whose folders are objects. */
const flat = (tree: ExactTree, prefix = ''): ExactTree =>
  Object.fromEntries(
    Object.entries(tree).flatMap(([name, value]): ReadonlyArray<readonly [string, ExactJson]> => {
      const key = `${prefix}${name.replaceAll('-', '_')}`;
      return isTree(value) ? Object.entries(flat(value, `${key}_`)) : [[key, value]];
    }),
  );

export const readConfigDrive = async (folder: string): Promise<Result<Metadata, string>> => {
  const read = await readSmallFile(path.join(folder, metaData));
  if (!read.ok) return read;
  const tree = parseExactTree(read.value);
  if (!tree.ok) return { ok: false, error: `has a ${metaData} that ${tree.error}` };
  if (idAt(tree.value, 'uuid') === undefined) return { ok: false, error: `has a ${metaData} without uuid` };
  const forEc2 = await readSmallFile(path.join(folder, 'ec2/latest/meta-data.json'));
  const ec2 = forEc2.ok ? parseExactTree(forEc2.value) : forEc2;
  return ok(metadataOf('configdrive', tree.value, ec2.ok ? flat(ec2.value) : {}));
};
