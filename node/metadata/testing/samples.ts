// What metadata services answer, cut down to what is looked at and a little more.

export const azureSample = {
  compute: {
    azEnvironment: 'AzurePublicCloud',
    location: 'westeurope',
    name: 'ip-0A000004',
    osProfile: { adminUsername: 'azureuser', computerName: 'execute-1' },
    priority: 'Spot',
    resourceGroupName: 'hpc',
    subscriptionId: '8d10da13-8125-4ba9-a717-bf7490507b3d',
    tags: 'ClusterName:lab;CreatedBy:ops',
    vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
    vmSize: 'Standard_HB120rs_v3',
    zone: '1',
  },
  network: {
    interface: [
      {
        ipv4: { ipAddress: [{ privateIpAddress: '10.0.0.4', publicIpAddress: '20.1.2.3' }], subnet: [{ address: '10.0.0.0', prefix: '24' }] },
        ipv6: { ipAddress: [] },
        macAddress: '000D3AF806EC',
      },
      { ipv4: { ipAddress: [{ privateIpAddress: '10.0.1.4', publicIpAddress: '' }] }, macAddress: '000D3AF806ED' },
    ],
  },
};

export const ec2Token = 'AQAEAJ-token==';

/** By method and path. */
export const ec2Sample: Readonly<Record<string, string>> = {
  'PUT /latest/api/token': ec2Token,
  '/latest/meta-data/': 'ami-id\nhostname\niam/\nidentity-credentials/\ninstance-id\ninstance-type\nlocal-hostname\nlocal-ipv4\nnetwork/\nplacement/\npublic-hostname\npublic-ipv4\npublic-keys/\nsecurity-groups\ngone',
  '/latest/meta-data/ami-id': 'ami-1',
  '/latest/meta-data/hostname': 'ip-172-31-0-5.eu-west-1.compute.internal',
  '/latest/meta-data/iam/': 'security-credentials/',
  '/latest/meta-data/iam/security-credentials/': 'role',
  '/latest/meta-data/iam/security-credentials/role': '{"SecretAccessKey":"s3cret"}',
  '/latest/meta-data/identity-credentials/': 'ec2/',
  '/latest/meta-data/identity-credentials/ec2/': 's3cret',
  '/latest/meta-data/instance-id': 'i-0abc',
  '/latest/meta-data/instance-type': 'hpc6a.48xlarge',
  '/latest/meta-data/local-hostname': 'ip-172-31-0-5.eu-west-1.compute.internal',
  '/latest/meta-data/local-ipv4': '172.31.0.5',
  '/latest/meta-data/network/': 'interfaces/',
  '/latest/meta-data/network/interfaces/': 'macs/',
  '/latest/meta-data/network/interfaces/macs/': '02:29:96:8f:6a:2d/',
  '/latest/meta-data/network/interfaces/macs/02:29:96:8f:6a:2d/': 'device-number\nipv4-associations/',
  '/latest/meta-data/network/interfaces/macs/02:29:96:8f:6a:2d/device-number': '0',
  '/latest/meta-data/network/interfaces/macs/02:29:96:8f:6a:2d/ipv4-associations/': '52.1.2.3',
  '/latest/meta-data/network/interfaces/macs/02:29:96:8f:6a:2d/ipv4-associations/52.1.2.3': '172.31.0.5',
  '/latest/meta-data/placement/': 'availability-zone\nregion',
  '/latest/meta-data/placement/availability-zone': 'eu-west-1a',
  '/latest/meta-data/placement/region': 'eu-west-1',
  '/latest/meta-data/public-hostname': 'ec2-52-1-2-3.eu-west-1.compute.amazonaws.com',
  '/latest/meta-data/public-ipv4': '52.1.2.3',
  '/latest/meta-data/public-keys/': '0=ops',
  '/latest/meta-data/public-keys/0/': 'openssh-key',
  '/latest/meta-data/public-keys/0/openssh-key': 'ssh-rsa AAAA ops',
  '/latest/meta-data/security-groups': 'default\nhpc\n',
  '/latest/dynamic/instance-identity/document': JSON.stringify({ accountId: '123456789012', availabilityZone: 'eu-west-1a', region: 'eu-west-1', instanceId: 'i-0abc', instanceType: 'hpc6a.48xlarge' }),
};

/** As text: the id is longer than a JavaScript number is exact. */
export const gceSample = `{
  "instance": {
    "id": 5413512329871296513,
    "hostname": "execute-1.c.lab.internal",
    "machineType": "projects/1234/machineTypes/c2-standard-60",
    "name": "execute-1",
    "networkInterfaces": [{ "ip": "10.132.0.2", "accessConfigs": [{ "externalIp": "34.1.2.3", "type": "ONE_TO_ONE_NAT" }] }],
    "zone": "projects/1234/zones/europe-west1-b"
  },
  "project": { "numericProjectId": 1234, "projectId": "lab" }
}`;

export const openstackSample = {
  uuid: 'd8e02d56-2648-49a3-bf97-6be8f1204f38',
  availability_zone: 'nova',
  hostname: 'execute-1.novalocal',
  name: 'execute-1',
  admin_pass: 's3cret',
  random_seed: 's3cret-seed',
  meta: { role: 'execute' },
  project_id: 'f7ac731cc11f40efbc03a9f9e1d1d21f',
};

export const openstackEc2Sample: Readonly<Record<string, string>> = {
  '/latest/meta-data/': 'instance-id\ninstance-type\nlocal-ipv4\nplacement/\npublic-ipv4',
  '/latest/meta-data/instance-id': 'i-00000004',
  '/latest/meta-data/instance-type': 'm1.hpc',
  '/latest/meta-data/local-ipv4': '10.0.0.165',
  '/latest/meta-data/placement/': 'availability-zone',
  '/latest/meta-data/placement/availability-zone': 'nova',
  '/latest/meta-data/public-ipv4': '',
};
