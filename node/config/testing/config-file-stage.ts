// What the tests of config file share.
import { afterEach, beforeEach } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '../../../effects/manual-clock.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import type { Tree } from '../../../protocol/configuration.ts';
import { NodeConfigFile } from '../config-file.ts';

export const identity = { cluster: 'lab', node: 'n1', instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', executable: '/bin/jetpack', home: '/home' };

export const layers = { configuration: { slurm: { version: '23.11' } }, facts: { hostname: 'n1' } };

export let folder: string;

export let clock: ManualClock;

export const at = (name: string): string => path.join(folder, name);

export const text = (name = 'node.json'): string => readFileSync(at(name), 'utf8');

export const tree = (name?: string): Tree => JSON.parse(text(name)) as Tree;

export const asides = (): string[] => readdirSync(folder).filter((name) => name.includes('.aside-'));

export const open = (): NodeConfigFile => new NodeConfigFile({ config: folder, identity, clock, logger: recordLog().logger });

/** What a new daemon's file says and does. */
export const keep = (file = open()) => {
  const { notices, outcome } = file.keep(layers);
  return { wrote: outcome.ok ? outcome.value.wrote : outcome.error.code, notices: notices.map(({ text }) => text.replaceAll(folder, '')), reports: notices.filter(({ report }) => report).length };
};

/** For each test of the file that calls it. */
export const useConfigFileStage = (): void => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'jetpack-config-'));
    clock = new ManualClock();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
};
