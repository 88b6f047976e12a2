// The table of rooms (docs/ARCHITECTURE.md) as data. The order is the order of dependence: a file imports from its own
// row and the rows above it, never from below. `packages` names what a room alone may import from outside.

/** @type {ReadonlyArray<{ room: string, packages: readonly string[] }>} */
export const rooms = [
  { room: 'effects', packages: [] },
  { room: 'protocol', packages: ['zod'] },
  { room: 'commands', packages: ['commander'] },
  { room: 'telemetry', packages: ['@opentelemetry/', 'pino'] },
  { room: 'transport', packages: [] },
  { room: 'storage', packages: [] },
  { room: 'supervisors/policy', packages: [] },
  { room: 'actors', packages: ['p-queue'] },
  { room: 'supervisors', packages: [] },
  { room: 'node', packages: [] },
  { room: 'server', packages: ['fastify'] },
  { room: 'cli', packages: [] },
  { room: 'install', packages: ['esbuild'] },
  { room: 'box', packages: [] },
  { room: 'integration', packages: ['amqplib', 'testcontainers', '@swc/core'] },
  { room: 'bench', packages: ['nact', 'amqplib', 'ioredis', 'nats'] },
  { room: 'scripts', packages: ['yaml', 'ajv', '@asyncapi/'] },
];

/** Packages that a single file or folder inside a room owns. */
export const owners = {
  nact: ['actors/runtime.ts', 'actors/nact.characterization.test.ts', 'actors/nact-supervision.characterization.test.ts', 'actors/nact-stop.characterization.test.ts', 'actors/testing/nact-stage.ts', 'bench/'],
  amqplib: ['transport/amqp/', 'bench/', 'integration/'],
  smqp: ['transport/embedded/'],
  systeminformation: ['node/facts/'],
  'node:sqlite': ['storage/', 'bench/', 'integration/'],
  yazl: ['cli/report/'],
};

/** What any test file may import besides. */
export const testPackages = ['@jest/globals', 'fast-check'];

/** The API of OpenTelemetry is allowed everywhere; its SDK belongs to telemetry/. */
export const everywhere = ['@opentelemetry/api'];
