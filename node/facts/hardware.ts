// Processors, memory and file systems in Ohai's names. Only what stays as it is while the machine runs: clock rates of the
// moment and free space would have node.json written anew all the time.
import type { Systeminformation } from 'systeminformation';
import type { Tree } from '../../protocol/configuration.ts';

const kilobytes = (bytes: number): string => `${Math.floor(bytes / 1024)}kB`;

/** A line of /proc/cpuinfo, of its first processor. */
const cpuinfoLine = (cpuinfo: string, name: string): string | undefined =>
  cpuinfo
    .split('\n')
    .find((line) => line.startsWith(name) && /^\s*:/.test(line.slice(name.length)))
    ?.split(':')[1]
    ?.trim();

/** The highest clock rate, or the one in the name of the model. That of the moment, which is all some machines tell, is none. */
const megahertz = (speedMax: number, model: string): string | undefined => {
  const named = Number(/@\s*([\d.]+)\s*GHz/.exec(model)?.[1] ?? 0);
  const gigahertz = speedMax > 0 ? speedMax : named;
  return gigahertz > 0 ? (gigahertz * 1000).toFixed(3) : undefined;
};

export type CpuInput = Pick<Systeminformation.CpuData, 'cores' | 'physicalCores' | 'processors' | 'speedMax'>;

/** `cpu`: `total` counts threads, `cores` cores, `real` sockets. */
export const cpuFacts = ({ cores, physicalCores, processors, speedMax }: CpuInput, cpuinfo: string): Tree => {
  const model = cpuinfoLine(cpuinfo, 'model name');
  const vendor = cpuinfoLine(cpuinfo, 'vendor_id');
  const mhz = megahertz(speedMax, model ?? '');
  return {
    cpu: {
      total: cores,
      cores: physicalCores,
      real: processors,
      '0': {
        ...(vendor === undefined ? {} : { vendor_id: vendor }),
        ...(model === undefined ? {} : { model_name: model }),
        ...(mhz === undefined ? {} : { mhz }),
      },
    },
  };
};

export const memoryFacts = ({ swaptotal, total }: Pick<Systeminformation.MemData, 'swaptotal' | 'total'>): Tree => ({
  memory: { total: kilobytes(total), swap: { total: kilobytes(swaptotal) } },
});

/** Mounts of a session, a container or an image, which come and go. */
const isPassing = (mount: string): boolean => /^\/(run|snap|var\/lib\/(docker|containers|containerd|kubelet))\//.test(mount);

export type FileSystem = Pick<Systeminformation.FsSizeData, 'fs' | 'mount' | 'size' | 'type'>;

export const filesystemFacts = (mounted: readonly FileSystem[]): Tree => {
  const lasting = mounted.filter(({ mount }) => !isPassing(mount)).sort((a, b) => (a.mount < b.mount ? -1 : 1));
  const facts = ({ fs, size, type }: FileSystem): Tree => ({ kb_size: String(Math.floor(size / 1024)), fs_type: type, devices: [fs] });
  return { filesystem: { by_mountpoint: Object.fromEntries(lasting.map((one) => [one.mount, facts(one)])) } };
};
