// What a user sees whom a running daemon does not answer.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmodSync } from 'node:fs';
import type { Question } from '../commands/host.ts';
import { systemClock } from '../effects/clock.ts';
import { fail, type Result } from '../protocol/result.ts';
import { ask } from './ask.ts';
import { TestHome } from './testing/daemon.ts';

let node: TestHome;

beforeEach(() => {
  node = new TestHome();
});

afterEach(() => node.remove());

/** Asks as a user who is neither root nor the daemon's, nor in its group. */
const askAsStranger = async (question: Question): Promise<Result<unknown>> => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    process.setegid?.(65_534);
    process.seteuid?.(65_534);
  } else chmodSync(node.paths.run, 0);
  try {
    return await ask(node.paths.home, question, systemClock);
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
      process.setegid?.(0);
    } else chmodSync(node.paths.run, 0o750);
  }
};

const id = '01938a5e-0000-7000-8000-000000000000';

test.each([
  ['admin', { verb: 'inspect', id }, 'answers that to root and its own user alone'],
  ['cluster', { verb: 'status', id }, 'answers root and its group alone'],
] as const)('on the %s socket they are told that they may not, and not that the daemon is away', async (socket, request, what) => {
  const requests = await node.daemon();
  expect(await askAsStranger({ request, socket, withinMs: 5_000, untilBack: false })).toEqual(fail('forbidden', `jetpackd in ${node.paths.home} ${what}`));
  expect(requests).toEqual([]);
});

test('a wait for other nodes is not kept up for them', async () => {
  await node.daemon();
  const request = { verb: 'wait', id, role: 'scheduler', phase: 'ready' } as const;
  expect(await askAsStranger({ request, socket: 'cluster', withinMs: 1_000, untilBack: true })).toMatchObject({ error: { code: 'forbidden' } });
});
