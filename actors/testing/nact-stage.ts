// What the tests that run nact bare share.
import { afterEach, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { start, stop, type ActorSystemRef } from 'nact';

/** nact's type of a reference, which holds nothing of the messages' type. */
export type Ref = ActorSystemRef;

export const systems: Ref[] = [];

export const begin = (): Ref => {
  const system = start();
  systems.push(system);
  return system;
};

export const realImmediate = setImmediate;

/** Lets the event loop go round; nact handles one message of an actor in each round. */
export const rounds = async (count = 20): Promise<void> => {
  for (let round = 0; round < count; round += 1) await new Promise((resolve) => realImmediate(resolve));
};

export const gate = <T = void>(): PromiseWithResolvers<T> => Promise.withResolvers<T>();

/** Runs a script with nact in a process of its own, to its end. */
export const run = (script: string): Promise<{ readonly code: number; readonly stderr: string; readonly stdout: string }> =>
  new Promise((resolve) => {
    const prelude = "import nact from 'nact'; const { dispatch, spawn, start, stop } = nact; const system = start();";
    const child = execFile(process.execPath, ['--input-type=module', '-e', `${prelude}\n${script}`], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr, stdout }),
    );
  });

/** For each test of the file that calls it. */
export const useNactStage = (): void => {
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
    for (const system of systems.splice(0)) stop(system);
  });
};
