// What the program `ohai` tells of the machine, where it is installed: run at the first question, and again every few hours.
//
//   unknown   not run yet, or not there.
//   running   whoever asks meanwhile waits for the same answer.
//   known     until the next run is due; what a run that failed would have told stays as it was.
//
// It is bounded in time and size, and ended with all that it began. It asks no cloud: node/metadata/ does, and once.
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { pause, type Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { parseJson } from '../../protocol/json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { isTree } from '../../protocol/tree.ts';
import type { ChangingLayer } from '../config/layers.ts';
import { writeDurably } from '../home/durable-file.ts';
import { systemCode } from '../home/system-error.ts';

export interface OhaiOptions {
  /** PATH: where it is looked for, at every question. */
  readonly searchPath: string;
  /** Takes its configuration; exists. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly patienceMs?: number;
  readonly everyMs?: number;
  readonly mostBytes?: number;
}

export interface Ohai extends ChangingLayer {
  /** What is known once a run that is due has ended; empty where there is none. Never rejects. */
  ask(signal: AbortSignal | undefined): Promise<Tree>;
}

/** Its plugins that ask a metadata service, under the names of all its versions. */
const ofClouds = ['Alibaba', 'Azure', 'DigitalOcean', 'EC2', 'Eucalyptus', 'GCE', 'OCI', 'Openstack', 'Rackspace', 'Scaleway', 'Softlayer'];

const configuration = `# Written by jetpackd for its runs of ohai.\nohai.disabled_plugins = [ ${ofClouds.map((name) => `:${name}`).join(', ')} ]\n`;

const programIn = (searchPath: string): string | undefined =>
  searchPath
    .split(':')
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, 'ohai'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false;
      }
    });

/** Its log may come before the tree, on the same stream. */
const treeIn = (output: string): Result<Tree, string> => {
  const from = /^\{/m.exec(output)?.index;
  if (from === undefined) return { ok: false, error: 'tells nothing' };
  const parsed = parseJson(Buffer.from(output.slice(from)));
  if (!parsed.ok) return { ok: false, error: `tells what ${parsed.error}` };
  const tree = parsed.value as Tree; // parsed as JSON, from a bracket on
  return isTree(tree) ? ok(tree) : { ok: false, error: 'tells no object' };
};

export const createOhai = (options: OhaiOptions): Ohai => {
  const { clock, everyMs = 6 * 3_600_000, folder, logger, mostBytes = 4 * 1024 * 1024, patienceMs = 20_000, searchPath } = options;
  const listeners = new Set<() => void>();
  let known: Tree = {};
  let due = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const run = async (program: string, signal: AbortSignal | undefined): Promise<Result<Tree, string>> => {
    const file = path.join(folder, 'ohai.rb');
    writeDurably(file, `${file}.new`, configuration, 0o640);
    // A group of its own, which is ended as a whole.
    const child = spawn(program, ['-c', file], { env: { PATH: searchPath, HOME: folder, LC_ALL: 'C.UTF-8' }, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    const over = new AbortController();
    const until = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    const ended = Promise.withResolvers<string | undefined>();
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.on('error', (error) => ended.resolve(`cannot be started (${systemCode(error)})`));
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) ended.resolve(`tells more than ${mostBytes} bytes`);
      else chunks.push(chunk);
    });
    child.on('close', (code, killed) => ended.resolve(code === 0 ? undefined : `ended with ${killed ?? `code ${code}`}`));
    const late = pause(clock, patienceMs, until).then(() => (signal?.aborted === true ? 'was ended' : `did not end within ${patienceMs / 1000} s`));
    const trouble = await Promise.race([ended.promise, late]);
    over.abort();
    try {
      if (trouble !== undefined && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of it has ended.
    }
    child.stdout.destroy();
    return trouble === undefined ? treeIn(Buffer.concat(chunks).toString('utf8')) : { ok: false, error: trouble };
  };

  const refresh = async (program: string, signal: AbortSignal | undefined): Promise<void> => {
    let told: Result<Tree, string>;
    try {
      told = await run(program, signal);
    } catch (error) {
      told = { ok: false, error: `cannot be run (${systemCode(error)})` };
    }
    running = undefined;
    if (signal?.aborted === true) return;
    due = clock.monotonic() + everyMs;
    if (!told.ok) {
      logger.warn(`the facts of the system are without those of ohai: ${program} ${told.error}`);
      return;
    }
    known = told.value;
    for (const listener of listeners) listener();
  };

  return {
    tree: () => known,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async ask(signal) {
      const program = running === undefined && clock.monotonic() >= due ? programIn(searchPath) : undefined;
      if (program !== undefined) running = refresh(program, signal);
      await running;
      return known;
    },
  };
};
