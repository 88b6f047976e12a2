// Azure's Instance Metadata Service.
import { parseExactTree, type ExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { cloudFacts } from './cloud-facts.ts';
import { idAt, listAt, textAt, without } from './look.ts';
import type { Metadata } from './metadata.ts';
import { MetadataService, type Reach } from './service.ts';

const headers = { Metadata: 'true' };
const pathOf = (version: string): string => `/metadata/instance?api-version=${version}`;
const version = '2021-02-01';
/** Every Azure has this one, also Azure Stack. */
const olderVersion = '2019-06-01';

/** What the machine's owner gave it to begin with: it may hold anything, and node.json has more readers than root. */
const secret: ReadonlySet<string> = new Set(['userData', 'customData']);

const layerOf = (metadata: ExactTree, instanceId: string): ExactTree => {
  const ipv4 = listAt(metadata, 'network', 'interface').flatMap((one) => listAt(one, 'ipv4', 'ipAddress'));
  const facts = cloudFacts({
    provider: 'azure',
    instanceId,
    publicIpv4: ipv4.map((address) => textAt(address, 'publicIpAddress')),
    localIpv4: ipv4.map((address) => textAt(address, 'privateIpAddress')),
    localHostname: textAt(metadata, 'compute', 'osProfile', 'computerName') ?? textAt(metadata, 'compute', 'name'),
    vmSize: textAt(metadata, 'compute', 'vmSize'),
    region: textAt(metadata, 'compute', 'location'),
    zone: textAt(metadata, 'compute', 'zone'),
  });
  // As the service gives it: scripts know its names.
  return { azure: { metadata: without(metadata, ['compute'], secret) }, ...facts };
};

export const askAzure = async (address: string, reach: Reach): Promise<Result<Metadata, string>> => {
  const service = new MetadataService(address, reach);
  const newer = await service.ask({ path: pathOf(version), headers, also: [400] });
  const answer = newer.ok && newer.value.status === 400 ? await service.ask({ path: pathOf(olderVersion), headers }) : newer;
  if (!answer.ok) return answer;
  const tree = parseExactTree(answer.value.body);
  if (!tree.ok) return { ok: false, error: `answers with what ${tree.error}` };
  const instanceId = idAt(tree.value, 'compute', 'vmId');
  return instanceId === undefined ? { ok: false, error: 'answers without compute.vmId' } : ok({ source: 'azure', instanceId, tree: layerOf(tree.value, instanceId) });
};
