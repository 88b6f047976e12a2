// The config actor alone in a world of its own: what it is told and asked, and what stands in its files.
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { Json, Tree } from '../../../protocol/configuration.ts';
import { ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { ActorRef } from '../../ref.ts';
import type { ActorSystem, Crash, Incarnation, Supervision } from '../../system.ts';
import { frame } from '../../testing/frames.ts';
import { probe, type Probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { settle, type World } from '../../testing/world.ts';
import { config } from '../config/config.ts';
import type { ConfigMessage, ConfigurationKnown, ConfigView } from '../config/messages.ts';
import type { ConfigFile, ConfigKeeping, ConfigLayers, ConfigNotice, LayerValue } from '../config/ports.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { MemoryState } from './memory-state.ts';

/** A node.json that is what it was told to be, unless it fails. */
export class FakeFile implements ConfigFile {
  readonly kept: ConfigLayers[] = [];
  failWith: Failure | undefined;
  notices: ConfigNotice[] = [];
  text = '';
  watchers: Array<() => void> = [];
  properties: Tree | undefined;

  keep(layers: ConfigLayers): ConfigKeeping {
    const notices = this.notices.splice(0);
    if (this.failWith !== undefined) return { outcome: { ok: false, error: this.failWith }, notices };
    this.kept.push(layers);
    const tree: Tree = { ...layers.configuration, ...layers.facts };
    const wrote = this.text !== JSON.stringify(tree);
    this.text = JSON.stringify(tree);
    return { outcome: ok({ tree, wrote }), notices };
  }

  explain(key: string, { configuration, facts }: ConfigLayers): readonly LayerValue[] {
    const layers = { facts: facts[key], server: configuration[key] };
    return Object.entries(layers).flatMap(([layer, value]) => (value === undefined ? [] : [{ layer, value }]));
  }

  writeProperties(properties: Tree): Result<void> {
    if (this.failWith !== undefined) return { ok: false, error: this.failWith };
    this.properties = properties;
    return ok(undefined);
  }

  watch(changed: () => void): () => void {
    this.watchers.push(changed);
    return () => (this.watchers = this.watchers.filter((watcher) => watcher !== changed));
  }
}

export interface Beginning {
  readonly kept?: Json;
  /** What the state has, and what stands in their file. */
  readonly properties?: { readonly state?: Tree; readonly file?: Tree | undefined };
  /** The answers to the first questions for facts; later ones are as the last. */
  readonly facts?: ReadonlyArray<Promise<Tree>>;
}

export interface ConfigStage {
  readonly file: FakeFile;
  readonly incarnation: Incarnation;
  readonly log: RecordedLog;
  readonly messaging: Probe<DrainPending>;
  readonly observer: Probe<ConfigurationKnown>;
  readonly ref: ActorRef<ConfigMessage>;
  readonly signals: readonly AbortSignal[];
  readonly state: MemoryState;
  readonly system: ActorSystem;
  readonly watching: Supervision & { readonly crashes: readonly Crash[] };
  readonly spawn: () => Incarnation;
  readonly tell: (message: ConfigMessage) => Promise<void>;
  /** A frame of the server. */
  readonly frame: (revision: number, tree?: Tree) => Promise<void>;
  /** A command of the server; the answers there are, by the end. */
  readonly set: (revision: number, tree?: Tree) => Promise<ReadonlyArray<Result<Tree>>>;
  readonly view: () => Promise<ConfigView | undefined>;
  readonly pass: (ms: number) => Promise<void>;
  /** node.json changes so often, all at once. */
  readonly change: (times?: number) => Promise<void>;
  /** What the observer was told, in words. */
  readonly known: () => readonly string[];
}

export const beginConfig = async (world: World, { facts = [Promise.resolve({ os: 'linux' })], kept, properties }: Beginning = {}): Promise<ConfigStage> => {
  const { clock, system } = world;
  const log = recordLog();
  const file = new FakeFile();
  const state = new MemoryState();
  if (kept !== undefined) state.values.set('configuration', kept);
  if (properties?.state !== undefined) state.values.set('properties', properties.state);
  file.properties = properties?.file;
  const observer = probe<ConfigurationKnown>(system, 'observer');
  const messaging = probe<DrainPending>(system, 'messaging');
  const signals: AbortSignal[] = [];
  const ports = {
    state,
    file,
    gatherFacts: (signal: AbortSignal) => {
      signals.push(signal);
      return facts[Math.min(signals.length, facts.length) - 1] ?? Promise.resolve({});
    },
    observers: [observer.ref],
    messaging: messaging.ref,
    clock,
    random: seededRandom(1),
    logger: log.logger,
  };
  const watching = supervise('end');
  const spawn = () => system.spawn('config', config(ports), watching);
  const incarnation = spawn();
  const ref: ActorRef<ConfigMessage> = system.ref('config');
  await settle();
  const tell = async (message: ConfigMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  return {
    file,
    incarnation,
    log,
    messaging,
    observer,
    ref,
    signals,
    spawn,
    state,
    system,
    tell,
    watching,
    frame: (revision: number, tree: Tree = { revision }) => tell({ type: 'answer', frame: frame('configuration', { revision, tree }) }),
    set: async (revision: number, tree: Tree = { revision }): Promise<Array<Result<Tree>>> => {
      const answers: Array<Result<Tree>> = [];
      await tell({ type: 'configuration', configuration: { revision, tree }, reply: (answer) => answers.push(answer) });
      return answers;
    },
    view: async (): Promise<ConfigView | undefined> => {
      let view: ConfigView | undefined;
      await tell({ type: 'config?', reply: (answer) => (view = answer) });
      return view;
    },
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    change: async (times = 1) => {
      for (let time = 0; time < times; time += 1) for (const watcher of file.watchers) watcher();
      await settle();
    },
    known: () => observer.received.map(({ revision, source }) => `${source} ${revision}`),
  };
};
