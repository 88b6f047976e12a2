// EC2's metadata service in its second version: nothing is asked but with a token.
import { parseExactTree, type ExactTree } from '../../commands/exact-json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { cloudFacts } from './cloud-facts.ts';
import { Ec2Tree } from './ec2-tree.ts';
import { idAt, textAt } from './look.ts';
import type { Metadata } from './metadata.ts';
import { MetadataService, type Reach } from './service.ts';

const tokenSeconds = '21600';

/** The service gives the answer so few hops that it may not reach a container. */
const hopLimit = 'in a container the instance needs a hop limit of 2';

const tokenOf = async (service: MetadataService): Promise<Result<string, string>> => {
  const answer = await service.ask({ method: 'PUT', path: '/latest/api/token', headers: { 'X-aws-ec2-metadata-token-ttl-seconds': tokenSeconds }, also: [403, 404] });
  if (!answer.ok) return { ok: false, error: `gives no token: it ${answer.error} (${hopLimit})` };
  const token = answer.value.body.toString('latin1').trim();
  if (answer.value.status === 403) return { ok: false, error: 'gives no token: it is turned off for this instance' };
  // What goes into a header must fit into one.
  if (answer.value.status === 404 || !/^[\x21-\x7E]{1,1024}$/.test(token)) return { ok: false, error: 'gives no token: it is not that of EC2' };
  return ok(token);
};

const layerOf = (tree: ExactTree, document: ExactTree, instanceId: string): ExactTree => {
  const named = { account_id: textAt(document, 'accountId'), availability_zone: textAt(document, 'availabilityZone'), region: textAt(document, 'region') };
  const known = Object.fromEntries(Object.entries(named).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
  const ec2: ExactTree = { ...tree, ...known };
  const facts = cloudFacts({
    provider: 'ec2',
    instanceId,
    publicIpv4: [textAt(ec2, 'public_ipv4')],
    localIpv4: [textAt(ec2, 'local_ipv4')],
    publicHostname: textAt(ec2, 'public_hostname'),
    localHostname: textAt(ec2, 'local_hostname'),
    vmSize: textAt(ec2, 'instance_type') ?? textAt(document, 'instanceType'),
    region: textAt(ec2, 'region') ?? textAt(ec2, 'placement_region'),
    zone: textAt(ec2, 'availability_zone') ?? textAt(ec2, 'placement_availability_zone'),
  });
  return { ec2, ...facts };
};

export const askEc2 = async (address: string, reach: Reach): Promise<Result<Metadata, string>> => {
  const service = new MetadataService(address, reach);
  const token = await tokenOf(service);
  if (!token.ok) return token;
  const headers = { 'X-aws-ec2-metadata-token': token.value };
  const tree = await new Ec2Tree(service, headers).read();
  if (!tree.ok) return tree;
  const instanceId = idAt(tree.value, 'instance_id');
  if (tree.value === undefined || instanceId === undefined) return { ok: false, error: 'answers without instance-id' };
  const document = await service.text({ path: '/latest/dynamic/instance-identity/document', headers });
  if (!document.ok) return document;
  const parsed = parseExactTree(Buffer.from(document.value ?? '{}'));
  return parsed.ok ? ok({ source: 'ec2', instanceId, tree: layerOf(tree.value, parsed.value, instanceId) }) : { ok: false, error: `answers with an identity document that ${parsed.error}` };
};
