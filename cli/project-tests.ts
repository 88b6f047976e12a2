// Runs the tests of a node's projects: files in the folder tests/ of their specs (reference, section 5.12).
//
// A file that is named as Python's tests are is run by pytest, where python3 has it, else by unittest; any other that begins
// with #! by the interpreter it names. What is neither is no test: data, or a part of one.
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ScriptEnding, ScriptJob, ScriptRunner } from '../actors/node/scripts.ts';
import type { TestOutcome } from '../commands/host.ts';
import type { Clock } from '../effects/clock.ts';
import { silentLogger } from '../effects/logger.ts';
import { uuid7, type Random } from '../effects/random.ts';
import { systemCode } from '../node/home/system-error.ts';
import { specPlaces } from '../node/projects/layout.ts';
import { listedSpecs } from '../node/projects/listed-specs.ts';
import { checkNames } from '../node/projects/locker.ts';
import { caught, giveUp } from '../node/projects/trouble.ts';
import { createScriptRunner } from '../node/scripts/run-script.ts';
import type { SpecReference } from '../protocol/configuration.ts';
import { assertNever, type Result } from '../protocol/result.ts';

export interface TestPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onOutcome: (outcome: TestOutcome) => void;
}

const longestMs = 600_000;
const probeMs = 30_000;

const isPythonTest = (name: string): boolean => /^test_.*\.py$|_test\.py$/.test(name);

const hasFirstLine = async (file: string): Promise<boolean> => {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('latin1', 0, bytesRead) === '#!';
  } finally {
    await handle.close();
  }
};

/** Names of the tests in a folder, in their order; none when there is no such folder. */
const testsIn = async (folder: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const tests: string[] = [];
    for (const entry of entries) if (entry.isFile() && (isPythonTest(entry.name) || (await hasFirstLine(path.join(folder, entry.name))))) tests.push(entry.name);
    return tests.sort();
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? [] : giveUp('file_unreadable', `${folder} cannot be read (${code})`);
  }
};

/** `env` finds python3 on the PATH. */
const python = (...words: readonly string[]): Pick<ScriptJob, 'file' | 'arguments'> => ({ file: '/usr/bin/env', arguments: ['python3', ...words] });

const sayEnding = (ending: ScriptEnding): string => {
  switch (ending.type) {
    case 'exited':
      return `ended with exit code ${ending.code}`;
    case 'signalled':
      return `was ended by ${ending.signal}`;
    case 'timedOut':
      return `was still running after ${ending.afterMs / 1000} seconds`;
    case 'aborted':
      return 'was interrupted';
    case 'unstartable':
      return ending.reason;
    default:
      return assertNever(ending);
  }
};

class Tester {
  readonly #home: string;
  readonly #ports: TestPorts;
  readonly #runner: ScriptRunner;
  readonly #signal: AbortSignal;
  #hasPytest: Promise<boolean> | undefined;

  constructor(home: string, ports: TestPorts, signal: AbortSignal) {
    this.#home = home;
    this.#ports = ports;
    this.#signal = signal;
    this.#runner = createScriptRunner({ clock: ports.clock, logger: silentLogger, env: ports.env });
  }

  async testSpec(reference: SpecReference): Promise<void> {
    checkNames(reference);
    const { project, spec } = reference;
    const folder = path.join(specPlaces(this.#home, project, spec).spec, 'tests');
    for (const file of await testsIn(folder)) {
      if (this.#signal.aborted) return;
      const pytest = isPythonTest(file) && (await (this.#hasPytest ??= this.#findPytest(reference, folder)));
      const runs = !isPythonTest(file) ? { file: path.join(folder, file) } : pytest ? python('-m', 'pytest', '-q', '-p', 'no:cacheprovider', file) : python('-m', 'unittest', '-v', file);
      const { durationMs, ending, tail } = await this.#runner.run({ ...this.#job(reference, folder, longestMs), ...runs });
      // Until Python 3.12 unittest is content with none.
      const none = isPythonTest(file) && !pytest && /^Ran 0 tests/m.test(tail);
      const passed = ending.type === 'exited' && ending.code === 0 && !none;
      this.#ports.onOutcome({ project, spec, file, passed, ending: none ? 'has no tests that unittest can find, and python3 has no pytest' : sayEnding(ending), output: tail, durationMs });
    }
  }

  async #findPytest(reference: SpecReference, folder: string): Promise<boolean> {
    const { ending } = await this.#runner.run({ ...this.#job(reference, folder, probeMs), ...python('-c', 'import pytest') });
    return ending.type === 'exited' && ending.code === 0;
  }

  #job({ project, spec, version }: SpecReference, cwd: string, timeoutMs: number): Omit<ScriptJob, 'file'> {
    const { clock, random } = this.#ports;
    const places = specPlaces(this.#home, project, spec);
    return {
      id: uuid7(clock.now(), random),
      cwd,
      timeoutMs,
      keepsBackground: false,
      signal: this.#signal,
      env: {
        CYCLECLOUD_HOME: this.#home,
        JETPACK_HOME: this.#home,
        CYCLECLOUD_PROJECT_NAME: project,
        CYCLECLOUD_PROJECT_PATH: places.project,
        CYCLECLOUD_PROJECT_VERSION: version,
        CYCLECLOUD_SPEC_NAME: spec,
        CYCLECLOUD_SPEC_PATH: places.spec,
        // The copies of projects are to stay as they came.
        PYTHONDONTWRITEBYTECODE: '1',
      },
    };
  }
}

/** Fails like `NodeAccess.test`. A signal to this process ends the test under way with all that it started. */
export const testProjects = async (home: string, ports: TestPorts): Promise<Result<void>> => {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  try {
    return await caught(async () => {
      const { flaw, specs } = listedSpecs(home);
      if (flaw !== undefined) giveUp('project_unusable', flaw);
      const tester = new Tester(home, ports, stop.signal);
      const tested = new Set<string>();
      for (const reference of specs.toSorted((one, other) => (one.order ?? 0) - (other.order ?? 0))) {
        const name = `${reference.project}/${reference.spec}`;
        // As in a converge, the agent's own project is none, and a spec that is listed twice is taken once.
        if (reference.project === 'cyclecloud' || tested.has(name)) continue;
        tested.add(name);
        await tester.testSpec(reference);
      }
      if (stop.signal.aborted) giveUp('tests_failed', 'the tests were interrupted');
    });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  }
};
