// Results for a person and for a file.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { reaches, type Beside, type Measured, type MeasuredGrowth, type Missing, type Outcome, type Spread, type Suite } from './harness.ts';

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
    versions: { node: process.versions.node, ...Object.fromEntries(suite.libraries.map((library) => [library, versionOf(library)])), ...suite.versions?.() },
  });
};

const rate = ({ median }: Spread, unit: string, less: boolean): string =>
  less ? `${median.toFixed(2)} ${unit}` : `${Math.round(median).toLocaleString('en')} ${unit}/s`;

const reached = (yes: boolean): string => (yes ? 'reached' : 'NOT REACHED');

const ratioText = (ratio: Spread, aim: number | undefined, less: boolean): string => {
  const range = `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
  return aim === undefined ? range : `${range}, aim ${less ? 'at most ' : ''}${aim}: ${reached(reaches(ratio.median, aim, less))}`;
};

const missingText = ({ missing }: Missing): string =>
  `PEER MISSING: it needs ${missing.command.replaceAll(' ', ' and ')} on the PATH; --install-peers installs ${missing.debianPackage} from Debian`;

const besideLines = (beside: Beside, unit: string, less: boolean): string[] =>
  'missing' in beside
    ? [`  beside   ${beside.name}: ${missingText(beside)}`]
    : [`  beside   ${beside.name}: ${rate(beside.rate, unit, less)}`, `  ratio    ${ratioText(beside.ratio, beside.aim, less)}`];

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

const measuredLines = ({ name, unit, less, peer, product, ratio, aim, others, shares }: Measured): string[] => [
  name,
  `  peer     ${peer.name}: ${rate(peer.rate, unit, less)}`,
  `  product  ${product.name}: ${rate(product.rate, unit, less)}`,
  `  ratio    ${ratioText(ratio, aim, less)}`,
  ...others.flatMap((other) => besideLines(other, unit, less)),
  ...(shares === undefined ? [] : [`  time     ${Object.entries(shares).map(([stage, share]) => `${stage} ${percent(share)}`).join(', ')}`]),
];

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

const growthLines = ({ name, aim, growth }: MeasuredGrowth): string[] => [
  name,
  ...growth.map(({ what, early, late }) => {
    const share = late / early - 1;
    return `  ${what.padEnd(8)} ${mebibytes(early)} early, ${mebibytes(late)} late: growth ${percent(share)}, aim at most ${percent(aim)}: ${reached(reaches(share, aim, true))}`;
  }),
];

export const outcomeText = (outcome: Outcome): string => {
  if ('missing' in outcome) return [outcome.name, `  ${missingText(outcome)}`].join('\n');
  return ('growth' in outcome ? growthLines(outcome) : measuredLines(outcome)).join('\n');
};

export const reportText = (suite: Suite, conditions: Conditions, results: readonly Outcome[]): string => {
  const { rounds, load, versions } = conditions;
  const software = Object.entries(versions).map((entry) => entry.join(' '));
  return [
    suite.title,
    `${software.join(', ')}; ${conditions.cpus} CPUs, load ${load.before} before and ${load.after} after; medians of ${rounds} rounds after a warm-up`,
    ...results.flatMap((result) => ['', outcomeText(result)]),
    '',
  ].join('\n');
};
