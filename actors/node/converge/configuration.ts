// What a configuration says about converging. A template's values may come as text.
import { lookUp } from '../../../commands/config-key.ts';
import type { SpecReference, Tree } from '../../../protocol/configuration.ts';
import type { ConfigurationKnown } from '../config/messages.ts';

export interface ConvergeConfiguration {
  readonly source: ConfigurationKnown['source'];
  readonly specs: readonly SpecReference[];
  readonly locker: string | undefined;
  /** What could not be read of the specs: nothing can be converged then. */
  readonly flaw: string | undefined;
  /** Whether a script that fails ends the converge. */
  readonly failOnError: boolean;
  /** Undefined: as the node's own setting says. */
  readonly scriptTimeoutMs: number | undefined;
  /** Whether users that are not root are kept from the cloud's metadata service. */
  readonly preventsMetadataAccess: boolean;
  /** How often a converge at boot is tried before it has failed for good. */
  readonly attempts: number;
  /** What is passed over in it; one line each. */
  readonly warnings: readonly string[];
}

const longestTimeoutS = 86_400;
const mostAttempts = 10;

/** A member of the group `cluster_init` (reference, section 8). */
const settingOf = (tree: Tree, key: string): unknown => {
  const group: unknown = Object.hasOwn(tree, 'cluster_init') ? tree['cluster_init'] : undefined;
  return typeof group === 'object' && group !== null ? Object.getOwnPropertyDescriptor(group, key)?.value : undefined;
};

const failsOnError = (tree: Tree): boolean => String(settingOf(tree, 'fail_on_error')).toLowerCase() !== 'false';

/** `cyclecloud.node.prevent_metadata_access` (reference, section 5.1). */
const preventsAccess = (tree: Tree): boolean => {
  const value = lookUp(tree, 'cyclecloud.node.prevent_metadata_access');
  return value === true || (typeof value === 'string' && value.trim().toLowerCase() === 'true');
};

/** NaN for what is neither a number nor a plain decimal number as text. */
const numberIn = (value: unknown): number => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : Number.NaN;
};

const timeoutIn = (tree: Tree, warnings: string[]): number | undefined => {
  const value = settingOf(tree, 'timeout');
  if (value === undefined) return undefined;
  const seconds = numberIn(value);
  if (seconds >= 1 && seconds <= longestTimeoutS) return Math.round(seconds * 1000);
  warnings.push(`cluster_init.timeout is not a number of seconds from 1 to ${longestTimeoutS}: scripts have the usual time`);
  return undefined;
};

const attemptsIn = (tree: Tree, warnings: string[]): number => {
  const value = settingOf(tree, 'attempts');
  if (value === undefined) return 1;
  const attempts = numberIn(value);
  if (Number.isInteger(attempts) && attempts >= 1 && attempts <= mostAttempts) return attempts;
  warnings.push(`cluster_init.attempts is not a whole number from 1 to ${mostAttempts}: there is one attempt`);
  return 1;
};

export const configurationOf = ({ flaw, locker, source, specs, tree }: ConfigurationKnown): ConvergeConfiguration => {
  const warnings: string[] = [];
  const [scriptTimeoutMs, attempts] = [timeoutIn(tree, warnings), attemptsIn(tree, warnings)];
  return { source, specs, locker, flaw, failOnError: failsOnError(tree), preventsMetadataAccess: preventsAccess(tree), scriptTimeoutMs, attempts, warnings };
};
