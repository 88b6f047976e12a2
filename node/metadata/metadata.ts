// What a cloud says of a machine, whichever cloud it is, and where it can be asked.
import type { ExactTree } from '../../commands/exact-json.ts';

/** In the order in which they are asked. A config drive comes before the service of the same cloud, as with cloud-init. */
export const sourceNames = ['azure', 'ec2', 'configdrive', 'openstack', 'gce', 'nocloud'] as const;

export type SourceName = (typeof sourceNames)[number];

/** One source, and where it is instead of at its usual place: the URL of a service, or a folder. */
export interface SourceEntry {
  readonly name: SourceName;
  readonly place?: string;
}

/** Files on this machine, and no service. */
export const isOfFiles = ({ name }: Pick<SourceEntry, 'name'>): boolean => name === 'configdrive' || name === 'nocloud';

/** `auto`: what the machine looks like decides which are asked. */
export type MetadataPlan = 'auto' | 'none' | readonly SourceEntry[];

export interface Metadata {
  readonly source: SourceName;
  /** Absent: the source names no machine. */
  readonly instanceId?: string;
  /** A layer of node.json. */
  readonly tree: ExactTree;
}

/** Where every cloud's metadata service answers. */
export const usualAddress = 'http://169.254.169.254';
