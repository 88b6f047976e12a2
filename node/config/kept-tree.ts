// The node's configuration for a process that is asked for it often: read anew only when the file is another than before.
import { statSync } from 'node:fs';
import type { ReadConfig } from '../../commands/host.ts';
import type { Clock } from '../../effects/clock.ts';
import type { Result } from '../../protocol/result.ts';
import { homePaths } from '../home/paths.ts';
import { readConfigTree } from './read-tree.ts';
import { configFiles } from './tree-file.ts';

/** A file system's clock stands still for some milliseconds: a file this young may be written again and look the same. */
const settlesMs = 1_000;

interface Stamp {
  /** Of this content and no other. */
  readonly text: string;
  readonly changedAtMs: number;
}

/** Undefined when there is no such file, or none that can be looked at. */
const stampOf = (file: string): Stamp | undefined => {
  try {
    const { ctimeMs, ctimeNs, dev, ino, mtimeNs, size } = statSync(file, { bigint: true });
    return { text: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`, changedAtMs: Number(ctimeMs) };
  } catch {
    return undefined;
  }
};

export class KeptTree {
  readonly #home: string;
  readonly #file: string;
  readonly #clock: Pick<Clock, 'now'>;
  #kept: { readonly stamp: string; readonly read: Result<ReadConfig> } | undefined;

  constructor(home: string, clock: Pick<Clock, 'now'>) {
    this.#home = home;
    this.#file = configFiles(homePaths(home).config).node;
    this.#clock = clock;
  }

  /** As `readConfigTree`. Only a good `node.json` is kept. */
  read(): Result<ReadConfig> {
    const stamp = stampOf(this.#file);
    if (stamp !== undefined && stamp.text === this.#kept?.stamp) return this.#kept.read;
    this.#kept = undefined;
    const read = readConfigTree(this.#home);
    if (stamp === undefined || !read.ok || read.value.warning !== undefined) return read;
    const isSettled = this.#clock.now() - stamp.changedAtMs >= settlesMs;
    if (isSettled && stampOf(this.#file)?.text === stamp.text) this.#kept = { stamp: stamp.text, read };
    return read;
  }
}
