// Properties of a node (reference, section 5.2): what the configuration says, under the names that `jetpack props` has for it,
// and over them what somebody set.
import { lookUp } from './config-key.ts';
import { isTree, type ExactJson, type ExactTree } from './exact-json.ts';

/** Where each comes from in node.json, so that `config` and `props` agree. python/jetpack/props.py has the same table. */
export const propertySources: Readonly<Record<string, string>> = {
  'os.id': 'os_release.id',
  'os.id_like': 'os_release.id_like',
  'os.version': 'os_release.version',
  'os.version_id': 'os_release.version_id',
  'azure.subscription_id': 'azure.metadata.compute.subscriptionId',
  'azure.vm_size': 'azure.metadata.compute.vmSize',
  'azure.location': 'azure.metadata.compute.location',
  'azure.resource_group': 'azure.metadata.compute.resourceGroupName',
  'cyclecloud.url': 'cyclecloud.config.web_server',
  'cyclecloud.cluster': 'cyclecloud.cluster.name',
  'cyclecloud.node': 'cyclecloud.node.name',
  'cyclecloud.owner': 'cyclecloud.cluster.user.name',
  'vm.hostname': 'hostname',
  'vm.ipv4': 'ipaddress',
  'vm.physical_hostname': 'virtualization.hypervisor_host',
};

/** The words of a list stand in one text, as in /etc/os-release. */
const asProperty = (value: ExactJson): ExactJson => (Array.isArray(value) && value.every((word) => typeof word === 'string') ? value.join(' ') : value);

const over = (lower: ExactTree, upper: ExactTree): ExactTree => {
  const members = new Map(Object.entries(lower));
  for (const [name, value] of Object.entries(upper)) {
    const below = members.get(name);
    members.set(name, isTree(value) && isTree(below) ? over(below, value) : value);
  }
  return Object.fromEntries(members);
};

const placed = (words: readonly string[], value: ExactJson): ExactTree => {
  const [word = '', ...rest] = words;
  return Object.fromEntries([[word, rest.length === 0 ? value : placed(rest, value)]]);
};

export const propertiesOf = (config: ExactTree, set: ExactTree): ExactTree => {
  let tree: ExactTree = {};
  for (const [property, key] of Object.entries(propertySources)) {
    const value = lookUp(config, key);
    if (value !== undefined) tree = over(tree, placed(property.split('.'), asProperty(value)));
  }
  return over(tree, set);
};
