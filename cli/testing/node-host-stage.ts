// What the tests of node host share.
import { afterEach, beforeEach } from '@jest/globals';
import type { Clock } from '../../effects/clock.ts';
import { systemClock } from '../../effects/clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { run } from '../../commands/run.ts';
import { nodeHost } from '../node-host.ts';
import { TestHome } from './daemon.ts';

export let node: TestHome;

export interface Seen {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: readonly Uint8Array[];
  readonly clock?: Clock;
}

/** Runs `jetpack` for the test's home. */
export const jetpack = async (argv: readonly string[], { env = {}, input = [], clock = systemClock }: Surroundings = {}): Promise<Seen> => {
  let out = '';
  let err = '';
  const exit = await run(nodeHost({
    argv,
    cwd: process.cwd(),
    terminal: () => ({ output: false, columns: 80 }),
    env: { JETPACK_HOME: node.paths.home, ...env },
    input: async function* read() {
      yield* input;
    },
    out: (text) => (out += text),
    err: (text) => (err += text),
    clock,
    random: seededRandom(1),
  }));
  if (exit === undefined) throw new Error('not run here');
  return { exit, out, err };
};

export const silence = { exit: 0, out: '', err: '' };

/** Another home for this test. */
export const setNode = (home: TestHome): void => {
  node = home;
};

/** For each test of the file that calls it. */
export const useNodeHostStage = (): void => {
  beforeEach(() => {
    node = new TestHome();
  });
  afterEach(() => node.remove());
};
