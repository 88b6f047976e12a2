// The physical machine below a virtual one, as Hyper-V and Azure tell it: the host writes pairs of a name and a value into a pool of the guest's
// daemon for them, 512 bytes of name and 2,048 of value each, both ended by a NUL. What stands behind that is of an earlier, longer one.
import type { Tree } from '../../protocol/configuration.ts';

const nameBytes = 512;
const pairBytes = nameBytes + 2_048;

/** The fullest first. */
const wanted = ['PhysicalHostNameFullyQualified', 'PhysicalHostName', 'HostName'];

const textOf = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8').trim();
};

/** `virtualization.hypervisor_host`, which is Ohai's name for it; nothing where the pool does not tell. */
export const physicalHostFacts = (pool: Uint8Array): Tree => {
  const pairs = new Map<string, string>();
  for (let at = 0; at + pairBytes <= pool.length; at += pairBytes) {
    const value = textOf(pool.subarray(at + nameBytes, at + pairBytes));
    if (/^[\x21-\x7e]{1,255}$/.test(value)) pairs.set(textOf(pool.subarray(at, at + nameBytes)), value);
  }
  const host = wanted.map((name) => pairs.get(name)).find((value) => value !== undefined);
  return host === undefined ? {} : { virtualization: { hypervisor_host: host } };
};
