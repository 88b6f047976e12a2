// Where facts come from: the machine. Several nodes of one process ask at the same time, and some answers take a program
// that may hang (`df` on a dead mount): each question is asked once, and again only when it was answered.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import { cpu, fsSize, mem, networkGatewayDefault, networkInterfaceDefault } from 'systeminformation';
import { systemCode } from '../home/system-error.ts';
import type { CpuInput, FileSystem } from './hardware.ts';
import type { Interfaces } from './network.ts';

export interface Kernel {
  readonly name: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
}

/** Each may reject, or never answer. */
export interface FactSources {
  readonly hostname: () => Promise<string>;
  /** `hostname -f`. */
  readonly fullName: () => Promise<string>;
  readonly kernel: () => Promise<Kernel>;
  readonly osRelease: () => Promise<string>;
  readonly cpu: () => Promise<CpuInput>;
  readonly cpuinfo: () => Promise<string>;
  readonly memory: () => Promise<{ readonly total: number; readonly swaptotal: number }>;
  readonly interfaces: () => Promise<Interfaces>;
  /** Empty where there is none. */
  readonly defaultInterface: () => Promise<string>;
  readonly gateway: () => Promise<string>;
  readonly fileSystems: () => Promise<readonly FileSystem[]>;
  /** What the host of a virtual machine of Hyper-V tells it; empty on any other. */
  readonly hypervPool: () => Promise<Uint8Array>;
}

/** While an answer is awaited, whoever asks too gets the same one. */
export const askedOnce = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | undefined;
  return () =>
    (underWay ??= ask().finally(() => {
      underWay = undefined;
    }));
};

const run = promisify(execFile);

const osRelease = (): Promise<string> => readFile('/etc/os-release', 'utf8').catch(() => readFile('/usr/lib/os-release', 'utf8'));

const mostPoolBytes = 256 * 1024;

const hypervPool = async (): Promise<Uint8Array> => {
  try {
    const handle = await open('/var/lib/hyperv/.kvp_pool_3', constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(mostPoolBytes);
      const { bytesRead } = await handle.read(buffer, 0, mostPoolBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
};

export const systemSources: FactSources = {
  hostname: async () => os.hostname(),
  fullName: askedOnce(async () => (await run('hostname', ['-f'])).stdout.trim()),
  kernel: async () => ({ name: os.type(), release: os.release(), version: os.version(), machine: os.machine() }),
  osRelease: askedOnce(osRelease),
  cpu: askedOnce(() => cpu()),
  cpuinfo: askedOnce(() => readFile('/proc/cpuinfo', 'utf8')),
  memory: askedOnce(() => mem()),
  interfaces: async () => os.networkInterfaces(),
  defaultInterface: askedOnce(() => networkInterfaceDefault()),
  gateway: askedOnce(() => networkGatewayDefault()),
  fileSystems: askedOnce(() => fsSize()),
  hypervPool: askedOnce(hypervPool),
};
