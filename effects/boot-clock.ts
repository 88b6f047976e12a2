// Time that a suspended machine does not stop and no clock step moves, within one boot: Linux's CLOCK_BOOTTIME.
import { readFileSync } from 'node:fs';
import os from 'node:os';

export interface BootClock {
  /** Names this boot: another one has another id, and another zero. */
  bootId(): string;
  /** Milliseconds since the boot began, the time of suspension included. */
  sinceBoot(): number;
}

/** Where there is no such file (not Linux), every start of the process counts as a boot: then the wall clock decides. */
const readBootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `process-${process.pid}-${Math.round(performance.timeOrigin)}`;
  }
};

/** The machine's. libuv reads /proc/uptime, which the kernel counts with CLOCK_BOOTTIME. */
export const systemBootClock: BootClock = {
  bootId: readBootId,
  sinceBoot: () => os.uptime() * 1_000,
};
