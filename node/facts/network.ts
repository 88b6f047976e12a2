// The network in Ohai's names, from what Node's `os.networkInterfaces()` tells.
import type { NetworkInterfaceInfo } from 'node:os';
import type { Tree } from '../../protocol/configuration.ts';

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

export interface NetworkInput {
  readonly interfaces: Interfaces;
  /** Absent where there is no default route. */
  readonly defaultInterface: string | undefined;
  readonly gateway: string | undefined;
}

/** Containers come and go with theirs: what changes with every job is no fact about the node. */
const isPassing = (name: string): boolean => /^(veth|cali|cni|flannel)/.test(name);

const prefixLength = (cidr: string | null): string | undefined => cidr?.split('/')[1];

const addressFacts = ({ address, cidr, family, netmask }: NetworkInterfaceInfo): Tree => {
  const length = prefixLength(cidr);
  return {
    family: family === 'IPv4' ? 'inet' : 'inet6',
    ...(length === undefined ? {} : { prefixlen: length }),
    ...(family === 'IPv4' ? { netmask } : {}),
    ...(family === 'IPv6' ? { scope: address.startsWith('fe80:') ? 'Link' : 'Global' } : {}),
  };
};

const macOf = (infos: readonly NetworkInterfaceInfo[]): string | undefined => infos.find(({ mac }) => !/^[0:]*$/.test(mac))?.mac.toUpperCase();

const interfaceFacts = (infos: readonly NetworkInterfaceInfo[]): Tree => {
  const mac = macOf(infos);
  const addresses = infos.map((info) => [info.address, addressFacts(info)] as const);
  return { addresses: Object.fromEntries([...(mac === undefined ? [] : [[mac, { family: 'lladdr' }] as const]), ...addresses]) };
};

const present = (pairs: ReadonlyArray<readonly [string, string | undefined]>): Tree =>
  Object.fromEntries(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** The interface whose addresses are the node's: the one with the default route, else the first that is no loopback. */
const mainInterface = ({ defaultInterface, interfaces }: NetworkInput): readonly NetworkInterfaceInfo[] => {
  const named = defaultInterface === undefined ? undefined : interfaces[defaultInterface];
  return named ?? Object.values(interfaces).find((infos) => infos?.some(({ internal }) => !internal) === true) ?? [];
};

/** `ipaddress`, `ip6address`, `macaddress`, `cloud.local_ipv4` and `network`. */
export const networkFacts = (input: NetworkInput): Tree => {
  const main = mainInterface(input);
  const ip4 = main.find(({ family }) => family === 'IPv4')?.address;
  const ip6 = main.find(({ address, family }) => family === 'IPv6' && !address.startsWith('fe80:'))?.address;
  const lasting = Object.entries(input.interfaces).filter(([name]) => !isPassing(name));
  return {
    ...present([
      ['ipaddress', ip4],
      ['ip6address', ip6],
      ['macaddress', macOf(main)],
    ]),
    ...(ip4 === undefined ? {} : { cloud: { local_ipv4: ip4 } }),
    network: {
      ...present([
        ['default_interface', input.defaultInterface],
        ['default_gateway', input.gateway],
      ]),
      interfaces: Object.fromEntries(lasting.map(([name, infos]) => [name, interfaceFacts(infos ?? [])])),
    },
  };
};
