// Four projects share one configuration: `unit` stands beside the code; `programs`, too, but starts whole programs or clusters and takes
// as long as all units together, so the integration tier has it; `integration` drives real processes and brokers; and `smoke` is the one suite
// on a broker that `npm test` runs, and the integration tier does not again.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';

// Programs that tests start begin in half of their time with what Node kept of the sources, where bin/jetpack-node keeps it too.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, 'node_modules', '.cache', 'jetpack');

// The shim of a version manager takes ten times as long to start as the Python that it stands for, and scripts of tests begin many.
const python = spawnSync('python3', ['-c', 'import os, sys; print(os.path.dirname(sys.executable))'], { encoding: 'utf8' });
if (python.status === 0) process.env.PATH = `${python.stdout.trim()}${path.delimiter}${process.env.PATH}`;

const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } } }] },
  modulePathIgnorePatterns: ['<rootDir>/.state/'],
};

/** Suites on brokers share those of the run, and those of whole programs build them once. */
const onBrokers = { globalSetup: '<rootDir>/integration/setup.mjs', globalTeardown: '<rootDir>/integration/teardown.mjs' };

/** This one has a broker and no programs: `npm test` needs npm alone. */
const onOneBroker = { globalSetup: '<rootDir>/integration/setup-brokers.mjs', globalTeardown: '<rootDir>/integration/teardown.mjs' };

export default {
  // A test waits for conditions, each within a bound of its own; this one only ends what hangs for good.
  testTimeout: 60_000,
  // More than there are processors: a third of the time of a unit test is waiting, for children and for disks. A number, for jest
  // takes a percentage above 100 for as many workers.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', '<rootDir>/integration/', '\\.program\\.test\\.ts$'] },
    { ...common, displayName: 'programs', testMatch: ['**/*.program.test.ts'] },
    { ...common, ...onBrokers, displayName: 'integration', testMatch: ['<rootDir>/integration/**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', '<rootDir>/integration/smoke.test.ts'] },
    { ...common, ...onOneBroker, displayName: 'smoke', testMatch: ['<rootDir>/integration/smoke.test.ts'] },
  ],
};
