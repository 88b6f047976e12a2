// What the config actor is told and asked.
import type { Configuration, SpecReference, Tree } from '../../../protocol/configuration.ts';
import type { Failure, Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import type { LayerValue } from './ports.ts';
import type { TellStanding } from '../keepalive/keepalive.ts';
import type { AnswerToConfig } from '../transport.ts';

/** Told to observers: node.json holds this now. */
export interface ConfigurationKnown {
  readonly type: 'configured';
  readonly revision: number;
  /** `kept`: from an earlier life; the server may know better. */
  readonly source: 'kept' | 'server';
  readonly specs: readonly SpecReference[];
  readonly locker: string | undefined;
  /** What could not be read of the specs, in one line; absent: nothing. `specs` lacks it then. */
  readonly flaw?: string;
  /** All layers merged. */
  readonly tree: Tree;
}

/**
 * Answered when node.json holds it, or a newer one, with the tree that it holds. Fails with `state_unwritable`, `home_unusable`
 * or `config_invalid`.
 */
export interface SetConfiguration {
  readonly type: 'configuration';
  readonly configuration: Configuration;
  readonly reply: Reply<Result<Tree>>;
}

/** An observer that has just started asks for what is known; when nothing is, it is told as soon as something is. */
export interface AskConfiguration {
  readonly type: 'configuration?';
  readonly observer: ActorRef<ConfigurationKnown>;
}

/** What the system is; `once`: now, because somebody says that it has changed, and not because it is time. */
export interface GatherFacts {
  readonly type: 'gather';
  readonly once: boolean;
}

/** How the configuration stands. */
export interface ConfigQuestion {
  readonly type: 'config?';
  readonly reply: Reply<ConfigView>;
}

export interface ConfigView {
  /** Absent: the server has sent none yet. */
  readonly revision?: number;
  /** Wall clock; when this life of the actor last had to write node.json. */
  readonly writtenAt?: number;
  /** Why node.json does not hold it. */
  readonly problem?: Failure;
}

export interface PropertyRequest {
  readonly id: string;
  readonly at: number;
  readonly key: string;
  /** Undefined: no longer set. */
  readonly value: string | undefined;
}

/** Answered when the property is durable, and stands in the file that `jetpack props` answers from. The same id again changes nothing. */
export interface SetProperty extends PropertyRequest {
  readonly type: 'property';
  readonly reply: Reply<Result<void>>;
}

/** `result`: whether there is something to report. */
export type PropertyMessage =
  | { readonly type: 'propertyKept'; readonly reply: SetProperty['reply']; readonly result: Result<boolean> }
  | { readonly type: 'propertiesTold'; readonly result: Result<boolean> };

/** Which layers have something under a key, the one that counts first. */
export interface ExplainKey {
  readonly type: 'explain';
  readonly key: string;
  readonly reply: Reply<readonly LayerValue[]>;
}

/** Hears at once, and whenever node.json was written anew, until it says that it listens no more. Its ask ends with this actor alone. */
export interface WatchConfig {
  readonly type: 'watch';
  readonly id: string;
  readonly changed: () => void;
  readonly reply: Reply<never>;
}

export interface WatchConfigNoMore {
  readonly type: 'unwatch';
  readonly id: string;
}

/** A configuration on its way, and who is answered in the end: without `reply`, the observers alone. */
export interface Arrival {
  readonly configuration: Configuration;
  readonly reply?: Reply<Result<Tree>>;
}

export type ConfigMessage =
  | AnswerToConfig
  | SetConfiguration
  | AskConfiguration
  | ConfigQuestion
  | SetProperty
  | ExplainKey
  | TellStanding
  | PropertyMessage
  | WatchConfig
  | WatchConfigNoMore
  | { readonly type: 'kept'; readonly arrival: Arrival; readonly result: Result<void> }
  | GatherFacts
  | { readonly type: 'facts'; readonly facts: Tree; readonly once: boolean }
  | { readonly type: 'changed' }
  | { readonly type: 'look' }
  | { readonly type: 'reported'; readonly result: Result<void> };
