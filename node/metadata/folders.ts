// Where config drives and seeds lie.
import { realpathSync, readFileSync } from 'node:fs';

export const seedFolders = ['/var/lib/cloud/seed/nocloud', '/var/lib/cloud/seed/nocloud-net'] as const;

const configDriveFolders = ['/config-drive', '/var/lib/cloud/seed/config_drive'] as const;

const labels = ['config-2', 'CONFIG-2'] as const;

/** A space in a mount point is `\040` there. */
const unescaped = (text: string): string => text.replaceAll(/\\([0-7]{3})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

/** The places of a config drive: folders, and where a device with its label is mounted. It mounts none. */
export const configDrives = (byLabel = '/dev/disk/by-label', mounts = '/proc/self/mounts'): readonly string[] => {
  const mounted = labels.flatMap((label) => {
    try {
      const device = realpathSync(`${byLabel}/${label}`);
      const lines = readFileSync(mounts, 'utf8').split('\n').map((line) => line.split(' '));
      return lines.flatMap(([from, to]) => (from === device && to !== undefined ? [unescaped(to)] : []));
    } catch {
      // No device has the label.
      return [];
    }
  });
  return [...configDriveFolders, ...mounted];
};
