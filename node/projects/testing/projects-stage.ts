// What the tests of projects share.
import { afterEach, beforeEach, expect } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Projects, Synced } from '../../../actors/node/converge/ports.ts';
import { ManualClock } from '../../../effects/manual-clock.ts';
import type { SpecReference } from '../../../protocol/configuration.ts';
import type { Failure } from '../../../protocol/result.ts';
import { createProjects } from '../projects.ts';

export let folder: string;

export let home: string;

export let locker: string;

export let clock: ManualClock;

export const never = new AbortController().signal;

export const write = (file: string, text: string, mode = 0o755): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};

export const root = (project = 'demo', version = '1.0.0'): string => path.join(locker, 'projects', project, version);

/** Files by path in the project; those of a spec stand under its name. */
export const upload = (files: Readonly<Record<string, string>>, { project = 'demo', version = '1.0.0', ini = '' } = {}): void => {
  write(path.join(root(project, version), 'project.ini'), `[project]\nname = ${project}\nversion = ${version}\n${ini}`);
  for (const [name, text] of Object.entries(files)) {
    const [spec = '', ...rest] = name.split('/');
    write(spec === 'blobs' ? path.join(root(project, version), name) : path.join(root(project, version), 'specs', spec, 'cluster-init', ...rest), text);
  }
};

export const reference = (spec: string, more: Partial<SpecReference> = {}): SpecReference => ({ project: 'demo', version: '1.0.0', spec, ...more });

export const projects = (instanceId = 'instance-1'): Projects => createProjects({ home, instanceId, clock });

export const address = (): string => pathToFileURL(locker).href;

export const synced = async (specs: readonly SpecReference[] = [reference('default')], by = projects()): Promise<Synced> => {
  const result = await by.sync(specs, address(), never);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

export const refused = async (specs: readonly SpecReference[] = [reference('default')], from: string | undefined = address()): Promise<Failure> => {
  const result = await projects().sync(specs, from, never);
  if (result.ok) throw new Error('it was taken');
  expect(await projects().plan(specs, from, never)).toMatchObject({ ok: false, error: { code: result.error.code } });
  return result.error;
};

export const inHome = (...words: readonly string[]): string => path.join(home, 'cluster-init', ...words);

export const read = (...words: readonly string[]): string => readFileSync(inHome(...words), 'utf8');

export const names = ({ steps }: Synced): readonly string[] => steps.map(({ script, spec }) => `${spec}/${script}`);

export const modeOf = (file: string): string => (statSync(file).mode & 0o7777).toString(8);

/** For each test of the file that calls it. */
export const useProjectsStage = (): void => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'projects-'));
    home = path.join(folder, 'home');
    locker = path.join(folder, 'locker');
    clock = new ManualClock();
    mkdirSync(home);
    mkdirSync(locker);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
};
