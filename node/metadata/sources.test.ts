import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { askAzure } from './azure.ts';
import { askEc2 } from './ec2.ts';
import { askGce } from './gce.ts';
import type { Metadata } from './metadata.ts';
import { askOpenstack } from './openstack.ts';
import type { Reach } from './service.ts';
import type { Result } from '../../protocol/result.ts';
import { FakeCloud, effort, inTurn, json, notFound, reach, silence, status, tree } from './testing/fake-cloud.ts';
import { azureSample, ec2Sample, ec2Token, gceSample, openstackEc2Sample, openstackSample } from './testing/samples.ts';

let cloud: FakeCloud;
beforeEach(async () => {
  cloud = await FakeCloud.open();
});
afterEach(() => cloud.close());

type Ask = (address: string, reach: Reach) => Promise<Result<Metadata, string>>;

/** As node.json would have it. */
const found = async (ask: Ask): Promise<{ readonly instanceId: string | undefined; readonly tree: Record<string, Record<string, unknown>> }> => {
  const asked = await ask(cloud.address, reach());
  if (!asked.ok) throw new Error(asked.error);
  return { instanceId: asked.value.instanceId, tree: JSON.parse(JSON.stringify(asked.value.tree)) };
};

const refusal = async (ask: Ask, how = reach()): Promise<string> => {
  const asked = await ask(cloud.address, how);
  return asked.ok ? 'it was taken' : asked.error;
};

describe('Azure', () => {
  test('is asked with its header, and told exactly as it tells', async () => {
    cloud.answer = json(azureSample);
    const { instanceId, tree } = await found(askAzure);
    expect(instanceId).toBe(azureSample.compute.vmId);
    expect(tree['azure']).toEqual({ metadata: azureSample });
    expect(tree['cloud']).toEqual({
      provider: 'azure',
      instance_id: azureSample.compute.vmId,
      public_ipv4_addrs: ['20.1.2.3'],
      public_ipv4: '20.1.2.3',
      local_ipv4_addrs: ['10.0.0.4', '10.0.1.4'],
      local_ipv4: '10.0.0.4',
      local_hostname: 'execute-1',
      vm_size: 'Standard_HB120rs_v3',
      region: 'westeurope',
      availability_zone: '1',
    });
    expect(tree['cyclecloud']).toEqual({ instance: { ipv4: '10.0.0.4', public_ipv4: '20.1.2.3' } });
    expect(cloud.asked).toMatchObject([{ path: '/metadata/instance?api-version=2021-02-01', headers: { metadata: 'true' } }]);
  });

  test('is told without what the machine\'s owner gave it to begin with, which is for root alone', async () => {
    cloud.answer = json({ ...azureSample, compute: { ...azureSample.compute, userData: 'czNjcmV0', customData: 's3cret' } });
    const { tree } = await found(askAzure);
    expect(tree['azure']).toEqual({ metadata: azureSample });
  });

  test('of an older kind is asked in its version', async () => {
    cloud.answer = (request, response) => (request.url?.endsWith('2019-06-01') === true ? json(azureSample) : status(400))(request, response);
    expect((await found(askAzure)).instanceId).toBe(azureSample.compute.vmId);
  });

  test('that is not there yet, or is asked too often, is asked again', async () => {
    cloud.answer = inTurn(status(404), status(429), json(azureSample));
    expect((await found(askAzure)).instanceId).toBe(azureSample.compute.vmId);
  });

  test.each([
    ['what is not JSON', json('<html>'), 'answers with what is not JSON'],
    ['a list', json([1]), 'answers with what is not a JSON object'],
    ['what nests too deep', json(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`), 'answers with what nests deeper than 64 levels'],
    ['no vmId', json({ compute: { vmSize: 'x' } }), 'answers without compute.vmId'],
    ['a vmId that is none', json({ compute: { vmId: 'a\u0007b' } }), 'answers without compute.vmId'],
    ['nothing', json(''), 'answers with what is empty'],
    ['too much', json({ compute: { vmId: 'x', tags: 'x'.repeat(70_000) } }), 'answers with more than 65536 bytes'],
    ['403', status(403), 'answers GET /metadata/instance with 403'],
  ])('that answers with %s is none', async (_what, answer, reason) => {
    cloud.answer = answer;
    expect(await refusal(askAzure)).toBe(reason);
  });
});

describe('EC2', () => {
  /** Only who brings the token hears anything. */
  const withToken = (request: IncomingMessage): number => (request.method === 'PUT' || request.headers['x-aws-ec2-metadata-token'] === ec2Token ? 200 : 401);

  test('is asked for a token first, and told in the names of Ohai', async () => {
    cloud.answer = tree(ec2Sample, withToken);
    const { instanceId, tree: told } = await found(askEc2);
    expect(instanceId).toBe('i-0abc');
    expect(told['ec2']).toEqual({
      account_id: '123456789012',
      ami_id: 'ami-1',
      availability_zone: 'eu-west-1a',
      hostname: 'ip-172-31-0-5.eu-west-1.compute.internal',
      instance_id: 'i-0abc',
      instance_type: 'hpc6a.48xlarge',
      local_hostname: 'ip-172-31-0-5.eu-west-1.compute.internal',
      local_ipv4: '172.31.0.5',
      network_interfaces_macs: { '02:29:96:8f:6a:2d': { device_number: '0', 'ipv4-associations': { '52.1.2.3': '172.31.0.5' } } },
      placement_availability_zone: 'eu-west-1a',
      placement_region: 'eu-west-1',
      public_hostname: 'ec2-52-1-2-3.eu-west-1.compute.amazonaws.com',
      public_ipv4: '52.1.2.3',
      public_keys_0_openssh_key: 'ssh-rsa AAAA ops',
      region: 'eu-west-1',
      security_groups: ['default', 'hpc'],
    });
    expect(told['cloud']).toMatchObject({ provider: 'ec2', public_ipv4: '52.1.2.3', local_ipv4: '172.31.0.5', public_hostname: expect.stringContaining('amazonaws'), vm_size: 'hpc6a.48xlarge', region: 'eu-west-1' });
    expect(cloud.asked[0]).toMatchObject({ method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' } });
  });

  test('is not asked for credentials', async () => {
    cloud.answer = tree(ec2Sample, withToken);
    expect(JSON.stringify(await found(askEc2))).not.toContain('s3cret');
    expect(cloud.paths.filter((path) => /iam|credentials/.test(path))).toEqual([]);
  });

  test('behind too few hops says why no answer comes', async () => {
    cloud.answer = silence;
    expect(await refusal(askEc2, reach({ effort: { ...effort, limits: { ...effort.limits, answerMs: 20 } } }))).toBe('gives no token: it does not answer within 20 ms (in a container the instance needs a hop limit of 2)');
  });

  test.each([
    ['is turned off', status(403), 'gives no token: it is turned off for this instance'],
    ['is not that of EC2', notFound, 'gives no token: it is not that of EC2'],
    ['gives a token that fits into no header', json('a\nb'), 'gives no token: it is not that of EC2'],
  ])('that %s is none', async (_what, answer, reason) => {
    cloud.answer = answer;
    expect(await refusal(askEc2)).toBe(reason);
  });

  test('without an instance id, or with a document that is no JSON, is none', async () => {
    cloud.answer = tree({ ...ec2Sample, '/latest/meta-data/': 'ami-id' }, withToken);
    expect(await refusal(askEc2)).toBe('answers without instance-id');
    cloud.answer = tree({ ...ec2Sample, '/latest/dynamic/instance-identity/document': 'no' }, withToken);
    expect(await refusal(askEc2)).toBe('answers with an identity document that is not JSON');
  });

  /** Folders in folders, and names that lead elsewhere; what says who the machine is comes last. */
  const endless = (names: string) => (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '';
    const text = url === '/latest/meta-data/' ? names : (ec2Sample[`${request.method} ${url}`] ?? ec2Sample[url] ?? (url.endsWith('/') ? 'a/\nb/\nc/\n../\nhttp://elsewhere/\n' : 'x'));
    response.writeHead(200).end(text);
  };

  test('whose tree has no end is told as far as it was read: first who and where the machine is', async () => {
    cloud.answer = endless('a/\nb/\nnetwork/\nplacement/\ninstance-type\ninstance-id');
    const { instanceId, tree: told } = await found(askEc2);
    expect(instanceId).toBe('i-0abc');
    expect(told['cloud']).toMatchObject({ provider: 'ec2', vm_size: 'hpc6a.48xlarge', region: 'eu-west-1', availability_zone: 'eu-west-1a' });
    expect(cloud.asked.length).toBeGreaterThan(1_000);
    expect(cloud.asked.length).toBeLessThan(1_010);
    expect(cloud.paths.every((path) => !path.includes('..') && !path.includes('elsewhere'))).toBe(true);
  });

  test('whose tree has no end, and does not say which instance it is, is none', async () => {
    cloud.answer = endless('a/\nb/\nplacement/');
    expect(await refusal(askEc2)).toBe('answers without instance-id');
  });

  test('with thirty-two network cards is told whole', async () => {
    const macs = Array.from({ length: 32 }, (_, index) => `02:29:96:8f:6a:${index.toString(16).padStart(2, '0')}`);
    const facts = ['device-number', 'interface-id', 'local-hostname', 'local-ipv4s', 'mac', 'network-card', 'owner-id', 'security-group-ids', 'security-groups', 'subnet-id', 'subnet-ipv4-cidr-block', 'vpc-id', 'vpc-ipv4-cidr-block', 'vpc-ipv4-cidr-blocks'];
    const folder = '/latest/meta-data/network/interfaces/macs/';
    const cards = macs.flatMap((mac) => [[`${folder}${mac}/`, facts.join('\n')], ...facts.map((fact) => [`${folder}${mac}/${fact}`, `${fact} of ${mac}`])]);
    cloud.answer = tree({ ...ec2Sample, ...Object.fromEntries(cards), [folder]: macs.map((mac) => `${mac}/`).join('\n') }, withToken);
    const { tree: told } = await found(askEc2);
    expect(Object.keys(told['ec2']?.['network_interfaces_macs'] ?? {})).toEqual(macs);
    expect(told['ec2']).toMatchObject({ security_groups: ['default', 'hpc'], network_interfaces_macs: { [macs[31]!]: { vpc_ipv4_cidr_blocks: `vpc-ipv4-cidr-blocks of ${macs[31]}` } } });
  });
});

describe('GCE', () => {
  const flavor = { 'metadata-flavor': 'Google' };

  test('is asked as Google wants it, and its id is exact', async () => {
    cloud.answer = json(gceSample, flavor);
    const asked = await askGce(cloud.address, reach());
    const metadata = asked.ok ? asked.value : undefined;
    expect(metadata?.instanceId).toBe('5413512329871296513');
    expect(JSON.stringify(metadata?.tree)).toContain('"id":5413512329871296513');
    expect(metadata?.tree['cloud']).toMatchObject({ provider: 'gce', public_ipv4: '34.1.2.3', local_ipv4: '10.132.0.2', local_hostname: 'execute-1.c.lab.internal', vm_size: 'c2-standard-60', region: 'europe-west1', availability_zone: 'europe-west1-b' });
    expect(cloud.asked).toMatchObject([{ path: '/computeMetadata/v1/?recursive=true', headers: { 'metadata-flavor': 'Google' } }]);
  });

  test('is told without the attributes of instance and project: scripts, keys and credentials for root alone', async () => {
    const sample = JSON.parse(gceSample) as Record<string, object>;
    const attributes = { 'startup-script': 's3cret', 'ssh-keys': 'ops:ssh-rsa', 'kube-env': 's3cret' };
    cloud.answer = json({ instance: { ...sample['instance'], attributes }, project: { ...sample['project'], attributes } }, flavor);
    const { tree: told } = await found(askGce);
    expect(JSON.stringify(told)).not.toMatch(/s3cret|ssh-rsa/);
    expect(told['gce']).toEqual(JSON.parse(gceSample));
  });

  test('that does not say that it is Google is not believed', async () => {
    cloud.answer = json(gceSample);
    expect(await refusal(askGce)).toBe('answers without the header Metadata-Flavor: Google');
  });

  test('without an id, or with what is no JSON, is none', async () => {
    cloud.answer = json({ instance: {} }, flavor);
    expect(await refusal(askGce)).toBe('answers without instance.id');
    cloud.answer = json('{', flavor);
    expect(await refusal(askGce)).toBe('answers with what is not JSON');
  });
});

describe('OpenStack', () => {
  test('is told with what its EC2 side adds, without secrets', async () => {
    cloud.answer = tree({ ...openstackEc2Sample, '/openstack/latest/meta_data.json': JSON.stringify(openstackSample) });
    const { instanceId, tree: told } = await found(askOpenstack);
    expect(instanceId).toBe(openstackSample.uuid);
    expect(told['openstack']).toMatchObject({ provider: 'openstack', instance_type: 'm1.hpc', local_ipv4: '10.0.0.165', metadata: { name: 'execute-1', meta: { role: 'execute' } } });
    expect(told['cloud']).toEqual({ provider: 'openstack', instance_id: openstackSample.uuid, local_ipv4_addrs: ['10.0.0.165'], local_ipv4: '10.0.0.165', local_hostname: 'execute-1.novalocal', vm_size: 'm1.hpc', availability_zone: 'nova' });
    expect(JSON.stringify(told)).not.toContain('s3cret');
  });

  test('without an EC2 side is told all the same', async () => {
    cloud.answer = tree({ '/openstack/latest/meta_data.json': JSON.stringify(openstackSample) });
    expect((await found(askOpenstack)).tree['openstack']).toMatchObject({ provider: 'openstack', metadata: { name: 'execute-1' } });
  });

  test('without an id is none', async () => {
    cloud.answer = tree({ '/openstack/latest/meta_data.json': '{}' });
    expect(await refusal(askOpenstack)).toBe('answers without uuid');
  });
});
