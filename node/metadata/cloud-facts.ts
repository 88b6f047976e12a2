// `cloud`: the same names on every cloud. Those that Ohai has are Ohai's.
import type { ExactJson, ExactTree } from '../../commands/exact-json.ts';

export interface CloudFacts {
  readonly provider: string;
  readonly instanceId: string | undefined;
  readonly publicIpv4: readonly (string | undefined)[];
  readonly localIpv4: readonly (string | undefined)[];
  readonly publicHostname?: string | undefined;
  readonly localHostname?: string | undefined;
  readonly vmSize?: string | undefined;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
}

const present = (members: Readonly<Record<string, ExactJson | undefined>>): ExactTree =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])));

const addresses = (found: readonly (string | undefined)[]): readonly string[] | undefined => {
  const known = found.filter((address) => address !== undefined && address !== '') as readonly string[]; // what is left is text
  return known.length === 0 ? undefined : [...new Set(known)];
};

/** `cloud`, and of `cyclecloud.instance` what only the cloud knows. */
export const cloudFacts = (facts: CloudFacts): ExactTree => {
  const [publicIpv4, localIpv4] = [addresses(facts.publicIpv4), addresses(facts.localIpv4)];
  const instance = present({ ipv4: localIpv4?.[0], public_ipv4: publicIpv4?.[0], public_hostname: facts.publicHostname });
  return {
    cloud: present({
      provider: facts.provider,
      instance_id: facts.instanceId,
      public_ipv4_addrs: publicIpv4,
      public_ipv4: publicIpv4?.[0],
      local_ipv4_addrs: localIpv4,
      local_ipv4: localIpv4?.[0],
      public_hostname: facts.publicHostname,
      local_hostname: facts.localHostname,
      vm_size: facts.vmSize,
      region: facts.region,
      availability_zone: facts.zone,
    }),
    ...(Object.keys(instance).length === 0 ? {} : { cyclecloud: { instance } }),
  };
};
