// node.json: holds what `jetpack config` answers, and is true at every instant: replaced whole, its last good copy written
// before it, and put right whenever it is found to be something else.
//
// At first it has no seed: the first `keep` takes one if somebody wrote a node.json before jetpackd did, which is so as long
// as there is no last good copy. From then on the seed stands in a file of its own and never changes. A file that is damaged is set
// aside, a sound one of somebody else's is overwritten; both are told to whoever called. It never follows what others
// write into node.json later.
import { watch } from 'node:fs';
import type { ConfigFile, ConfigKeeping, ConfigLayers, ConfigNotice, LayerValue } from '../../actors/node/config/ports.ts';
import { lookUp } from '../../commands/config-key.ts';
import type { ExactJson, ExactTree } from '../../commands/exact-json.ts';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { Json, Tree } from '../../protocol/configuration.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { writeDurably } from '../home/durable-file.ts';
import { systemCode } from '../home/system-error.ts';
import { putAside, withdrawFromOthers } from './aside.ts';
import { forProgramsOf, keepJetpackIni } from './jetpack-ini.ts';
import { identityLayer, mergeLayers, type ChangingLayer, type NodeIdentity } from './layers.ts';
import { configFiles, maxTreeBytes, readJsonFile, readTreeFile, type TreeFile } from './tree-file.ts';

export interface NodeConfigOptions {
  /** The node's `config/`, which exists. */
  readonly config: string;
  readonly identity: NodeIdentity;
  /** What programs show to the server (node/http/access.ts). */
  readonly access?: Tree | undefined;
  readonly ohai?: ChangingLayer;
  readonly metadata?: ChangingLayer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For the daemon and group cyclecloud: it may hold passwords (reference, section 2). */
const mode = 0o640;

const write = (file: string, text: string): void => writeDurably(file, `${file}.tmp`, text, mode);

/** Without the texts of numbers. */
const plain = (value: ExactJson): Json => JSON.parse(JSON.stringify(value)) as Json;

const holds = (found: TreeFile, text: string): boolean => found.type === 'good' && found.mode === mode && found.bytes.equals(Buffer.from(text));

export class NodeConfigFile implements ConfigFile {
  readonly #options: NodeConfigOptions;
  readonly #files: ReturnType<typeof configFiles>;
  #seed: ExactTree | undefined;
  /** What node.json held when it was last known to be ours. */
  #ours: string | undefined;
  /** What was said last of the jetpack.ini. */
  #saidOfIni: string | undefined;

  constructor(options: NodeConfigOptions) {
    this.#options = options;
    this.#files = configFiles(options.config);
    // What somebody wrote by hand is closed at once, and not only when the first facts are there.
    for (const file of Object.values(this.#files)) {
      try {
        withdrawFromOthers(file);
      } catch (error) {
        options.logger.warn(`${file} may be read by others (${systemCode(error)})`);
      }
    }
  }

  keep(layers: ConfigLayers): ConfigKeeping {
    const notices: ConfigNotice[] = [];
    let file = this.#files.node;
    try {
      const seed = (this.#seed ??= this.#takeSeed(notices));
      const tree = mergeLayers(this.#layers(seed, layers).map(([, layer]) => layer));
      const text = `${JSON.stringify(tree, null, 4)}\n`;
      if (Buffer.byteLength(text) > maxTreeBytes) return { outcome: fail('config_invalid', `${file} would have more than ${maxTreeBytes} bytes`), notices };
      const lastGood = readTreeFile(this.#files.lastGood);
      const found = readTreeFile(file);
      this.#judge(found, lastGood, text, notices);
      if (lastGood.type === 'damaged') this.#putAside(this.#files.lastGood, lastGood, notices);
      if (!holds(lastGood, text)) write((file = this.#files.lastGood), text);
      const wrote = !holds(found, text);
      if (wrote) write((file = this.#files.node), text);
      this.#ours = text;
      this.#keepUsers(lookUp(tree, 'cyclecloud.users'));
      this.#keepIni(tree, notices);
      // Parsed anew, for numbers of the seed are texts in the tree; what was written is an object.
      return { outcome: ok({ tree: JSON.parse(text) as Tree, wrote }), notices };
    } catch (error) {
      return { outcome: fail('home_unusable', `${file} cannot be written (${systemCode(error)})`), notices };
    }
  }

  explain(key: string, layers: ConfigLayers): readonly LayerValue[] {
    const found = this.#layers(this.#seed ?? {}, layers).map(([layer, tree]) => ({ layer, value: lookUp(tree, key) }));
    return found.toReversed().flatMap(({ layer, value }) => (value === undefined ? [] : [{ layer, value: plain(value) }]));
  }

  writeProperties(properties: Tree): Result<void> {
    const file = this.#files.properties;
    try {
      const text = `${JSON.stringify(properties, null, 4)}\n`;
      const found = readTreeFile(file);
      // Where nothing was ever set there is no file.
      const isMissing = found.type === 'missing' && Object.keys(properties).length === 0;
      if (!isMissing && !holds(found, text)) write(file, text);
      return ok(undefined);
    } catch (error) {
      return fail('home_unusable', `${file} cannot be written (${systemCode(error)})`);
    }
  }

  watch(changed: () => void): () => void {
    const { config, logger, metadata, ohai } = this.#options;
    const end = [metadata, ohai].flatMap((layer) => layer?.onChange(changed) ?? []);
    const unwatched = (error: unknown): void => logger.debug(`${config} is not watched (${systemCode(error)}): it is looked at now and then`);
    try {
      const watcher = watch(config, { persistent: false }, (_event, name) => {
        if (name === null || this.#files.node.endsWith(`/${name}`)) changed();
      });
      watcher.on('error', unwatched);
      end.push(() => watcher.close());
    } catch (error) {
      unwatched(error);
    }
    return () => end.forEach((one) => one());
  }

  /** Each with its name, the lowest first. */
  #layers(seed: ExactTree, { configuration, facts }: ConfigLayers): ReadonlyArray<readonly [name: string, tree: ExactTree]> {
    const { access, identity, metadata, ohai } = this.#options;
    return [
      ['ohai', ohai?.tree() ?? {}],
      ['access', access ?? {}],
      ['seed', seed],
      ['server', configuration],
      ['identity', identityLayer(identity)],
      ['facts', facts],
      ['metadata', metadata?.tree() ?? {}],
    ];
  }

  /** auth.json holds the users whom the configuration names. One that names none leaves the file to whoever else keeps it. */
  #keepUsers(users: ExactJson | undefined): void {
    if (!Array.isArray(users)) return;
    const file = this.#files.users;
    const text = `${JSON.stringify(users, null, 4)}\n`;
    const found = readJsonFile(file);
    if (found.type !== 'good' || found.mode !== mode || !found.bytes.equals(Buffer.from(text))) write(file, text);
  }

  /** The same for programs that do not read node.json, which nothing here needs. */
  #keepIni(tree: ExactTree, notices: ConfigNotice[]): void {
    let trouble: string | undefined;
    try {
      if (!keepJetpackIni(this.#options.config, forProgramsOf(tree))) trouble = 'was written by somebody else and stays as it is';
    } catch (error) {
      trouble = `cannot be written (${systemCode(error)})`;
    }
    if (trouble !== undefined && trouble !== this.#saidOfIni) notices.push({ text: `${this.#options.config}/jetpack.ini ${trouble}`, report: false });
    this.#saidOfIni = trouble;
  }

  /** Empty when nobody wrote a node.json before us. */
  #takeSeed(notices: ConfigNotice[]): ExactTree {
    const { lastGood, node, seed } = this.#files;
    const taken = readTreeFile(seed);
    if (taken.type === 'good') return taken.tree;
    if (taken.type !== 'missing') this.#putAside(seed, taken, notices);
    if (readTreeFile(lastGood).type !== 'missing') return {};
    const handWritten = readTreeFile(node);
    if (handWritten.type !== 'good') return {};
    write(seed, handWritten.bytes.toString('utf8'));
    this.#ours = handWritten.bytes.toString('utf8');
    notices.push({ text: `${node} was there before jetpackd: what it holds is kept in ${seed}`, report: false });
    return handWritten.tree;
  }

  /** Says what is wrong with a node.json that is not ours, and sets a damaged one aside. */
  #judge(found: TreeFile, lastGood: TreeFile, text: string, notices: ConfigNotice[]): void {
    const { node } = this.#files;
    switch (found.type) {
      case 'missing':
        if (this.#ours !== undefined) notices.push({ text: `${node} was gone and is written again`, report: false });
        return;
      case 'good': {
        const ours = this.#ours ?? (lastGood.type === 'good' ? lastGood.bytes.toString('utf8') : undefined);
        const held = found.bytes.toString('utf8');
        if (held !== ours && held !== text) notices.push({ text: `${node} was changed by somebody else and is written again: settings belong to the cluster's server`, report: false });
        return;
      }
      case 'forbidden':
      case 'damaged':
        this.#putAside(node, found, notices);
        return;
    }
  }

  #putAside(file: string, found: TreeFile, notices: ConfigNotice[]): void {
    const reason = found.type === 'damaged' ? found.reason : 'cannot be read (its permissions)';
    const aside = putAside(file, reason, this.#options.clock.now());
    notices.push({ text: `${file} ${reason}: it was set aside as ${aside.path}`, report: true });
  }
}
