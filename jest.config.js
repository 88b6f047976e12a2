// Three projects share one configuration: `unit` stands beside the code, `integration` drives real processes and brokers, and
// `smoke` is the one suite of the latter that `npm test` runs too.
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } } }] },
  modulePathIgnorePatterns: ['<rootDir>/.state/'],
};

/** Suites of the integration tier that a run goes without: a pattern for their paths. */
const leftOut = [process.env.JETPACK_LEFT_OUT ?? []].flat();

export default {
  // A test waits for conditions, each within a bound of its own; this one only ends what hangs for good.
  testTimeout: 60_000,
  maxWorkers: '100%',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', '<rootDir>/integration/'] },
    { ...common, displayName: 'integration', testMatch: ['<rootDir>/integration/**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', ...leftOut] },
    { ...common, displayName: 'smoke', testMatch: ['<rootDir>/integration/smoke.test.ts'] },
  ],
};
