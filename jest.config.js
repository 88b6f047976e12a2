// Two projects share one configuration: `unit` stands beside the code, `integration` drives real processes and brokers.
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  modulePathIgnorePatterns: ['<rootDir>/.state/'],
};

export default {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', '<rootDir>/integration/'] },
    { ...common, displayName: 'integration', testMatch: ['<rootDir>/integration/**/*.test.ts'] },
  ],
};
