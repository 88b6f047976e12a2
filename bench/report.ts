// Results for a person and for a file.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import type { Measured, Missing, Spread, Suite } from './harness.ts';

/** What a result depends on besides the programs themselves. */
export interface Conditions {
  readonly date: string;
  readonly rounds: number;
  readonly cpus: number;
  /** Load average over a minute before and after. */
  readonly load: { readonly before: number; readonly after: number };
  readonly versions: Readonly<Record<string, string>>;
}

/** Of an npm package, or of something that comes with Node. */
const versionOf = (library: string): string => {
  const builtIn = process.versions[library];
  if (builtIn !== undefined) return builtIn;
  const file = path.join(import.meta.dirname, '..', 'node_modules', library, 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
};

/** Call before measuring; the result, after. */
export const watchConditions = (suite: Suite, rounds: number): (() => Conditions) => {
  const load = (): number => Number((loadavg()[0] ?? Number.NaN).toFixed(2));
  const before = load();
  return () => ({
    date: new Date().toISOString(),
    rounds,
    cpus: cpus().length,
    load: { before, after: load() },
    versions: { node: process.versions.node, ...Object.fromEntries(suite.libraries.map((library) => [library, versionOf(library)])) },
  });
};

const rate = ({ median }: Spread, unit: string): string => `${Math.round(median).toLocaleString('en')} ${unit}/s`;

const measuredLines = ({ name, unit, peer, product, ratio, aim }: Measured): string[] => [
  name,
  `  peer     ${peer.name}: ${rate(peer.rate, unit)}`,
  `  product  ${product.name}: ${rate(product.rate, unit)}`,
  `  ratio    ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)}), aim ${aim}: ${ratio.median >= aim ? 'reached' : 'NOT REACHED'}`,
];

const missingLines = ({ name, missing }: Missing): string[] => [
  name,
  `  PEER MISSING: ${missing.command} is not on the PATH; --install-peers installs ${missing.debianPackage} from Debian`,
];

export const reportText = (suite: Suite, conditions: Conditions, results: ReadonlyArray<Measured | Missing>): string => {
  const { rounds, load, versions } = conditions;
  const software = Object.entries(versions).map((entry) => entry.join(' '));
  return [
    suite.title,
    `${software.join(', ')}; ${conditions.cpus} CPUs, load ${load.before} before and ${load.after} after; medians of ${rounds} rounds after a warm-up`,
    ...results.flatMap((result) => ['', ...('missing' in result ? missingLines(result) : measuredLines(result))]),
    '',
  ].join('\n');
};
