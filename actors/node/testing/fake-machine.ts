// A machine that has no projects, no checks and no facts, and on which every script ends well: for tests of whole trees.
import { ok } from '../../../protocol/result.ts';
import type { ConfigPorts } from '../config/config.ts';
import type { ConvergePorts } from '../converge/converge.ts';
import type { HealthcheckPorts } from '../health/healthcheck.ts';
import type { KeepalivePorts } from '../keepalive/keepalive.ts';
import type { EndScripts } from '../lifecycle/ports.ts';
import type { ScriptRunner } from '../scripts.ts';

export const fakeScripts: ScriptRunner = {
  run: async () => ({ ending: { type: 'exited', code: 0 }, tail: '', bytes: 0, durationMs: 1, warnings: [] }),
  mayTrace: async () => ok(undefined),
  endLeftovers: async () => 0,
};

export const fakeEndScripts: EndScripts = {
  run: () => fakeScripts.run({ id: '', file: '', cwd: '', env: {}, timeoutMs: 1, keepsBackground: false }),
  endLeftovers: () => fakeScripts.endLeftovers([]),
};

export const fakeConfig = (): Pick<ConfigPorts, 'file' | 'gatherFacts'> => ({
  file: {
    keep: ({ configuration, facts }) => ({ outcome: ok({ tree: { ...configuration, ...facts }, wrote: true }), notices: [] }),
    explain: () => [],
    writeProperties: () => ok(undefined),
    watch: () => () => undefined,
  },
  gatherFacts: async () => ({}),
});

export const fakeKeepalive = (): Pick<KeepalivePorts, 'file'> => ({
  file: { write: async () => ok(undefined), remove: async () => ok(undefined) },
});

export const fakeHealthcheck = (): Pick<HealthcheckPorts, 'checks' | 'times'> => ({
  checks: { list: async () => ok([]), run: () => fakeScripts.run({ id: '', file: '', cwd: '', env: {}, timeoutMs: 1, keepsBackground: false }) },
  times: { firstAfterMs: 100, everyMs: 600_000 },
});

export const fakeConverge = (): Pick<ConvergePorts, 'projects' | 'scripts' | 'metadataDoor' | 'home' | 'binFolder' | 'searchPath' | 'times'> => ({
  projects: {
    sync: async () => ok({ steps: [], warnings: [] }),
    kept: async () => ok({ steps: [], warnings: [] }),
    plan: async () => ok({ steps: [], warnings: [] }),
    mark: async () => ok(undefined),
    endedWell: async () => false,
  },
  scripts: fakeScripts,
  metadataDoor: { isClosed: () => false, set: async () => ok(undefined) },
  home: '/home',
  binFolder: '/bin',
  searchPath: '/usr/bin',
  times: { bootGraceMs: 1_000, scriptTimeoutMs: 1_000 },
});
