// What identifies a machine without its cloud.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BootClock } from '../../effects/boot-clock.ts';

export interface MachineIdentity {
  readonly id: string;
  /** It is the machine's own: no copy of its disk has it. */
  readonly isHardware: boolean;
  readonly bootId: string;
}

const idIn = (file: string): string | undefined => {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\P{Cc}{1,255}$/u.test(text) ? text : undefined;
  } catch {
    // Readable only by root, or absent on this kind of machine: the next one serves.
    return undefined;
  }
};

/** What identifies it over renames and reboots. `root`: where /sys and /etc are. */
export const readMachineIdentity = (bootClock: BootClock, root = '/'): MachineIdentity => {
  const hardware = idIn(path.join(root, 'sys/class/dmi/id/product_uuid'));
  const id = hardware ?? idIn(path.join(root, 'etc/machine-id')) ?? os.hostname();
  return { id, isHardware: hardware !== undefined, bootId: bootClock.bootId() };
};
