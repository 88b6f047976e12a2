// Which system this is, in Ohai's names, from /etc/os-release (os-release(5)). Scripts compare `platform_family` and
// `platform` with Ohai's words, which are not always those of the file.
import type { Tree } from '../../protocol/configuration.ts';

/** Where Ohai's name differs from the file's ID. */
const ohaiNames: Readonly<Record<string, string>> = {
  alinux: 'alibabalinux',
  amzn: 'amazon',
  archarm: 'arch',
  'cumulus-linux': 'cumulus',
  ol: 'oracle',
  'opensuse-leap': 'opensuseleap',
  rhel: 'redhat',
  sles: 'suse',
  sles_sap: 'suse',
  xenenterprise: 'xenserver',
};

const families: Readonly<Record<string, readonly string[]>> = {
  amazon: ['amazon'],
  arch: ['arch', 'manjaro'],
  debian: ['debian', 'ubuntu', 'linuxmint', 'raspbian', 'cumulus', 'kali', 'pop'],
  fedora: ['fedora'],
  rhel: ['rhel', 'redhat', 'centos', 'rocky', 'almalinux', 'oracle', 'scientific', 'alibabalinux', 'cloudlinux', 'xenserver'],
  suse: ['suse', 'opensuse', 'opensuseleap', 'sled'],
};

const familyOf = (platform: string): string | undefined => Object.entries(families).find(([, members]) => members.includes(platform))?.[0];

const unquote = (text: string): string => {
  const quoted = /^(["'])(.*)\1$/.exec(text)?.[2];
  return quoted === undefined ? text : quoted.replaceAll(/\\([$"'`\\])/g, '$1');
};

const parseOsRelease = (text: string): ReadonlyMap<string, string> => {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, unquote(value));
  }
  return values;
};

/** `os_release`: the file's lines by their names in small letters, `id_like` as a list. */
export const releaseFacts = (osRelease: string): Tree => {
  const lines = Array.from(parseOsRelease(osRelease), ([name, value]) => [name.toLowerCase(), name === 'ID_LIKE' ? value.split(/\s+/).filter((word) => word !== '') : value] as const);
  return lines.length === 0 ? {} : { os_release: Object.fromEntries(lines) };
};

/** A system that nobody knows belongs to the family of the first one it says it is like, else to its own. */
const familyFor = (platform: string, like: string): string => {
  const relatives = like.split(/\s+/).map((id) => familyOf(ohaiNames[id] ?? id));
  return familyOf(platform) ?? relatives.find((family) => family !== undefined) ?? platform;
};

/**
 * `platform`, `platform_family` and `platform_version`. A system that is in no numbered state (Debian testing) has the
 * version that `unnumbered` tells: its kernel's, as with Ohai.
 */
export const platformFacts = (osRelease: string, unnumbered: string): Tree => {
  const values = parseOsRelease(osRelease);
  const id = values.get('ID') ?? 'linux';
  const platform = ohaiNames[id] ?? id;
  return {
    platform,
    platform_family: familyFor(platform, values.get('ID_LIKE') ?? ''),
    platform_version: values.get('VERSION_ID') ?? unnumbered,
  };
};
