import { expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import { describe as describeEntry } from './describe.ts';

const id = '00000000-0000-4000-8000-000000000001';

const shown = (event: object): readonly string[] => {
  const { level, message, priority, problem } = describeEntry(incomingEntry(1, { id, at: 0, ...event }));
  expect(problem).toBeUndefined();
  return [level, priority, message];
};

const converge = { kind: 'converge', run: id, trigger: 'boot', outcome: 'running', done: 0, total: 5 };
const condition = { kind: 'condition', name: 'disk.sh', status: 'OK' };
const termination = { kind: 'termination', request: id, state: 'requested', check: 'disk.sh', reason: 'no space' };
const keepalive = { kind: 'keepalive', holds: true };
const shutdown = { kind: 'shutdown', request: id, state: 'requested', cause: 'requested', way: 'terminate' };
const autoscale = { kind: 'autoscale', targets: [{ name: 'execute', coreCount: 8 }, { instanceCount: 2, coreCount: 4 }] };
const installation = { kind: 'installation', status: 'success', hostname: 'n7' };
const command = { kind: 'command', command: id, state: 'accepted' };

test.each<readonly [string, string, string, object]>([
  ['info', 'low', 'converge begins', { ...converge, total: 0 }],
  ['info', 'low', 'converge 2 of 5: demo/execute 20-work.sh', { ...converge, done: 1, step: 'demo/execute 20-work.sh' }],
  ['info', 'low', 'converge 5 of 5: last', { ...converge, done: 5, step: 'last' }],
  ['info', 'low', 'converge: 3 of 5 scripts are done', { ...converge, done: 3 }],
  ['info', 'high', 'converge succeeded: 5 scripts', { ...converge, outcome: 'succeeded', done: 5 }],
  ['info', 'high', 'converge succeeded: 1 script', { ...converge, outcome: 'succeeded', done: 1, total: 1 }],
  ['error', 'high', 'converge failed: it broke', { ...converge, outcome: 'failed', failure: { summary: 'it broke', recommendation: 'mend it' } }],
  ['error', 'high', 'converge failed', { ...converge, outcome: 'failed' }],
  ['info', 'high', 'check disk.sh is OK', condition],
  ['info', 'high', 'check disk.sh is NA', { ...condition, status: 'NA' }],
  ['warn', 'high', 'check disk.sh is Unknown: exited with code 3', { ...condition, status: 'Unknown', message: 'exited with code 3' }],
  ['warn', 'high', 'check disk.sh is Warning', { ...condition, status: 'Warning' }],
  ['error', 'high', 'check disk.sh is Error: no space', { ...condition, status: 'Error', message: 'no space' }],
  ['error', 'high', 'would terminate: disk.sh: no space', termination],
  ['info', 'high', 'termination withdrawn: disk.sh: no space', { ...termination, state: 'withdrawn' }],
  ['info', 'high', 'kept alive forever', keepalive],
  ['info', 'high', 'kept alive until 2026-01-01T00:00:00.000Z: a look', { ...keepalive, expiresAt: Date.UTC(2026, 0), reason: 'a look' }],
  ['info', 'high', 'kept alive forever', { ...keepalive, expiresAt: Number.MAX_SAFE_INTEGER }],
  ['info', 'high', 'no longer kept alive', { ...keepalive, holds: false }],
  ['warn', 'high', 'asks to be terminated', shutdown],
  ['warn', 'high', 'asks to be deallocated (idle): no jobs', { ...shutdown, cause: 'idle', way: 'deallocate', reason: 'no jobs' }],
  ['error', 'high', 'asks to be terminated (unhealthy)', { ...shutdown, cause: 'unhealthy' }],
  ['info', 'high', 'shutdown withdrawn: it was cancelled', { ...shutdown, state: 'withdrawn', reason: 'it was cancelled' }],
  ['info', 'low', 'autoscale: execute 8 cores; the cluster 4 cores, 2 machines', autoscale],
  ['info', 'low', 'autoscale: nothing is asked for any more', { ...autoscale, targets: [] }],
  ['info', 'low', 'autoscale: a 1 cores; a 1 cores; a 1 cores; a 1 cores; a 1 cores; a 1 cores; a 1 cores; a 1 cores; a 1 cores; a 1 cores; and 2 more', { ...autoscale, targets: Array.from({ length: 12 }, () => ({ name: 'a', coreCount: 1 })) }],
  ['info', 'high', 'installation success, host n7', installation],
  ['warn', 'high', 'installation warning, host n7: renamed', { ...installation, status: 'warning', message: 'renamed' }],
  ['error', 'high', 'installation error, host n7', { ...installation, status: 'error' }],
  ['warn', 'medium', 'test mpi: slow', { kind: 'test', level: 'warn', name: 'mpi', message: 'slow' }],
  ['info', 'medium', 'test', { kind: 'test', level: 'info' }],
  ['info', 'high', `command ${id} accepted`, command],
  ['info', 'high', `command ${id} done: 3 checks`, { ...command, state: 'done', message: '3 checks' }],
  ['error', 'high', `command ${id} failed (script_failed): it broke`, { ...command, state: 'failed', code: 'script_failed', message: 'it broke' }],
  ['warn', 'high', `command ${id} expired (command_expired)`, { ...command, state: 'expired', code: 'command_expired' }],
])('%s, %s: "%s"', (level, priority, message, event) => expect(shown(event)).toEqual([level, priority, message]));
