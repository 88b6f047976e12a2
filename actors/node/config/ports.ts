// What the config actor needs of the machine; node/config/ provides it.
import type { Json, Tree } from '../../../protocol/configuration.ts';
import type { Result } from '../../../protocol/result.ts';

/** What changes while the daemon runs; identity and seed are the file's own (node/config/layers.ts). */
export interface ConfigLayers {
  /** The server's. */
  readonly configuration: Tree;
  readonly facts: Tree;
}

export interface ConfigNotice {
  /** One line for a person. */
  readonly text: string;
  /** Whether the cluster should know too. */
  readonly report: boolean;
}

export interface ConfigKeeping {
  /** The merged tree, and whether node.json had to be written. Fails with `home_unusable` or `config_invalid`. */
  readonly outcome: Result<{ readonly tree: Tree; readonly wrote: boolean }>;
  /** What was found on the way, also when it failed. */
  readonly notices: readonly ConfigNotice[];
}

/** What one layer says of a key. */
export interface LayerValue {
  /** As the documentation names it. */
  readonly layer: string;
  readonly value: Json;
}

export interface ConfigFile {
  /** Sees to it that node.json holds these layers, and nothing else. */
  keep(layers: ConfigLayers): ConfigKeeping;
  /** Which layers have something under a key, the one that counts first. An object is made of what all of them have. */
  explain(key: string, layers: ConfigLayers): readonly LayerValue[];
  /** Sees to it that what `jetpack props` set, and nothing else, stands in the file that it answers from. Fails with `home_unusable`. */
  writeProperties(properties: Tree): Result<void>;
  /** Calls `changed` when node.json may have changed; not surely each time. The result ends it. */
  watch(changed: () => void): () => void;
}
