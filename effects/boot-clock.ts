// Time that a suspended machine does not stop and no clock step moves, within one boot: Linux's CLOCK_BOOTTIME.
//
// A container begins anew on a kernel that goes on: the kernel's boot id and uptime stay as they were, and process 1 is another
// one. So a boot is named by both, and one of a container is as much another boot as one of a machine.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface BootClock {
  /** Names this boot: another one, of the machine or of the container that this is, has another id. */
  bootId(): string;
  /** Milliseconds since the kernel's boot began, the time of suspension included. */
  sinceBoot(): number;
  /** Milliseconds since the machine began, or the container that this is: not more than since the kernel's boot. */
  sinceBegun(): number;
}

export interface BootClockParts {
  /** Where /proc is. */
  readonly proc?: string;
  /** Seconds since the kernel's boot. libuv reads /proc/uptime, which the kernel counts with CLOCK_BOOTTIME. */
  readonly uptime?: () => number;
}

/** The kernel shows times of processes in hundredths of a second, whatever it counts in. */
const tickMs = 10;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // Not Linux, or the processes of others are hidden from this user.
    return undefined;
  }
};

export const createBootClock = ({ proc = '/proc', uptime = os.uptime }: BootClockParts = {}): BootClock => {
  /** When process 1 began, in ticks since the kernel's boot: the 22nd field, the 20th behind the program's name, which may hold anything. */
  const begun = (): string | undefined => {
    const stat = read(path.join(proc, '1/stat'));
    const field = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return field !== undefined && /^\d{1,15}$/.test(field) ? field : undefined;
  };
  /** Once it was told: no process outlives its boot, and the kernel takes its time to tell. */
  let known: string | undefined;
  return {
    bootId() {
      if (known !== undefined) return known;
      const kernel = read(path.join(proc, 'sys/kernel/random/boot_id'));
      // Without one every start of the process counts as a boot: then the wall clock decides.
      if (kernel === undefined) return `process-${process.pid}-${Math.round(performance.timeOrigin)}`;
      const first = begun();
      if (first === undefined) return kernel;
      known = `${kernel}-${first}`;
      return known;
    },
    sinceBoot: () => uptime() * 1_000,
    sinceBegun() {
      const [up, first] = [uptime() * 1_000, Number(begun() ?? 0) * tickMs];
      // A container may be shown an uptime of its own, which begins with it.
      return first > up ? up : up - first;
    },
  };
};

export const systemBootClock = createBootClock();
