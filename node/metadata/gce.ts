// Google Compute Engine's metadata server.
import { parseExactTree, type ExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { cloudFacts } from './cloud-facts.ts';
import { idAt, lastSegment, listAt, textAt, without } from './look.ts';
import type { Metadata } from './metadata.ts';
import { MetadataService, type Reach } from './service.ts';

const flavor = 'Google';

/** Scripts for the start, keys and credentials, of the instance and of its project: whoever they are for asks for them. node.json has more readers. */
const secret: ReadonlySet<string> = new Set(['attributes']);

const layerOf = (gce: ExactTree, instanceId: string): ExactTree => {
  const interfaces = listAt(gce, 'instance', 'networkInterfaces');
  const zone = lastSegment(textAt(gce, 'instance', 'zone'));
  const facts = cloudFacts({
    provider: 'gce',
    instanceId,
    publicIpv4: interfaces.flatMap((one) => listAt(one, 'accessConfigs')).map((access) => textAt(access, 'externalIp')),
    localIpv4: interfaces.map((one) => textAt(one, 'ip')),
    localHostname: textAt(gce, 'instance', 'hostname'),
    vmSize: lastSegment(textAt(gce, 'instance', 'machineType')),
    region: zone?.replace(/-[^-]*$/, ''),
    zone,
  });
  return { gce, ...facts };
};

export const askGce = async (address: string, reach: Reach): Promise<Result<Metadata, string>> => {
  const answer = await new MetadataService(address, reach).ask({ path: '/computeMetadata/v1/?recursive=true', headers: { 'Metadata-Flavor': flavor } });
  if (!answer.ok) return answer;
  // Anything may listen at that address; only Google's server says that it is Google's.
  if (answer.value.headers['metadata-flavor'] !== flavor) return { ok: false, error: `answers without the header Metadata-Flavor: ${flavor}` };
  const tree = parseExactTree(answer.value.body);
  if (!tree.ok) return { ok: false, error: `answers with what ${tree.error}` };
  const known = ['instance', 'project'].reduce((less, part) => without(less, [part], secret), tree.value);
  const instanceId = idAt(known, 'instance', 'id');
  return instanceId === undefined ? { ok: false, error: 'answers without instance.id' } : ok({ source: 'gce', instanceId, tree: layerOf(known, instanceId) });
};
