// What the tests of runtime share.
import { afterEach } from '@jest/globals';
import type { ActorRef } from '../ref.ts';
import { recorder, supervise, type Step } from './recorder.ts';
import { createWorld, type World } from './world.ts';

const worlds: World[] = [];

export const world = (): World => {
  const made = createWorld();
  worlds.push(made);
  return made;
};

export const note =
  (value: unknown): Step =>
  () =>
    value;

/** A recorder at `path`, spawned at once. */
export const recorderAt = (path: string, more: Parameters<typeof recorder>[0] = {}, answer: 'resume' | 'end' = 'resume') => {
  const { clock, system } = world();
  const { definition, notes } = recorder(more);
  const supervision = supervise(answer);
  const spawn = () => system.spawn(path, definition, supervision);
  const ref: ActorRef<Step> = system.ref(path);
  return { clock, incarnation: spawn(), notes, ref, spawn, supervision, system };
};

/** For each test of the file that calls it. */
export const useRuntimeStage = (): void => {
  afterEach(() => {
    for (const { system } of worlds.splice(0)) system.stop();
  });
};
