// What the server's actors need from the machine; server/ provides it, tests provide theirs.
import type { AutoscaleTarget } from '../../protocol/autoscale.ts';
import type { Card } from '../../protocol/card.ts';
import type { Tree } from '../../protocol/configuration.ts';
import type { ConditionStatus, ConvergeOutcome, ConvergeTrigger, EventOf, JetpackEvent, Level, Priority, ShutdownCause, ShutdownWay } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import type { Result } from '../../protocol/result.ts';
import type { OrderStore } from './order-ports.ts';

/** An event on its way into the store. */
export interface IncomingEntry {
  readonly sequence: number;
  /** The last sequence it stands for: its own, but for a tombstone `dropped(from, to)`. */
  readonly through: number;
  /** The event's JSON as it arrived. */
  readonly raw: string;
  /** What `raw` says, or why it cannot be read. */
  readonly event: Result<JetpackEvent>;
  /** What makes a time by its node's clock one by the server's, milliseconds. Absent: nothing is known of it. */
  readonly clockOffsetMs?: number;
}

export interface Batch {
  readonly from: NodeAddress;
  readonly stream: string;
  readonly lane: string;
  readonly entries: readonly IncomingEntry[];
}

/** Events that a program told over HTTP, as a node. */
export interface PostedBatch {
  readonly from: NodeAddress;
  readonly events: ReadonlyArray<EventOf<'log' | 'test' | 'installation'>>;
}

/** An event in the log. `position` rises with every event stored, over all nodes: readers page by it. */
export interface StoredEvent extends NodeAddress {
  readonly position: number;
  readonly stream: string;
  readonly lane: string;
  readonly sequence: number;
  readonly id: string | undefined;
  readonly kind: string;
  /** The node's wall clock, milliseconds since the epoch. */
  readonly at: number;
  /** The server's wall clock. */
  readonly receivedAt: number;
  readonly level: Level;
  readonly priority: Priority;
  /** One line for a person. */
  readonly message: string;
  readonly raw: string;
  /** Why this event could not be read, if it could not; it is kept raw and counts as applied. */
  readonly problem: string | undefined;
}

export type BatchOutcome =
  /** Everything up to `applied` is in the store; `stored` is what this call added, repeats left out. */
  | { readonly outcome: 'applied'; readonly applied: number; readonly stored: readonly StoredEvent[] }
  /** The batch starts beyond `applied` + 1: nothing was written. */
  | { readonly outcome: 'gap'; readonly applied: number }
  /** The stream belongs to another node: nothing was written. */
  | { readonly outcome: 'conflict'; readonly owner: NodeAddress };

/** What a health check found, or somebody set. Long texts are cut; the event has all of it. */
export interface NodeCondition {
  readonly name: string;
  readonly status: ConditionStatus;
  readonly message?: string;
  readonly description?: string;
  readonly details?: string;
  readonly recommendation?: string;
  readonly actionType?: string;
  readonly ghrCategory?: string;
  readonly at: number;
}

export interface NodeKeepalive {
  /** By the node's wall clock; absent: forever. */
  readonly expiresAt?: number;
  readonly reason?: string;
}

/** What `jetpack shutdown` asked for; no keepalive holds it off. */
export interface NodeShutdown {
  readonly request: string;
  readonly cause: ShutdownCause;
  readonly way: ShutdownWay;
  readonly reason?: string;
  readonly at: number;
}

/** What a health check asks for. */
export interface NodeTermination {
  readonly request: string;
  readonly check: string;
  readonly reason: string;
  readonly at: number;
}

export interface NodeConverge {
  readonly run: string;
  readonly trigger: ConvergeTrigger;
  readonly outcome: ConvergeOutcome;
  readonly done: number;
  readonly total: number;
  readonly step?: string;
  readonly failure?: Card;
  readonly at: number;
}

/** How much a cluster is to have of a node array. */
export interface AutoscaleTargetRecord extends AutoscaleTarget {
  /** Who asked. */
  readonly node: string;
  /** By the server's wall clock, as `expiresAt`. */
  readonly at: number;
  readonly expiresAt: number;
}

/** Whether a node is heard: its heartbeats come, they were missed, or this server has heard none yet. */
export type NodeLink = 'online' | 'silent' | 'unheard';

/** A node as its events tell it; every `at` is by the node's wall clock. */
export interface NodeRecord extends NodeAddress {
  readonly instanceId: string;
  readonly hostname: string;
  readonly version: string;
  readonly phase: string;
  readonly detail: string | undefined;
  readonly phaseAt: number;
  /** In order of name. */
  readonly conditions: readonly NodeCondition[];
  /** The last one that was told to hold; it may have run out since. */
  readonly keepalive: NodeKeepalive | undefined;
  /** Those that were not withdrawn, one a check, the oldest first. */
  readonly terminations: readonly NodeTermination[];
  /** While it is not withdrawn. */
  readonly shutdown: NodeShutdown | undefined;
  /** What `jetpack props` set on it. */
  readonly properties: Tree;
  /** The last one. */
  readonly converge: NodeConverge | undefined;
}

export interface EventQuery {
  /** Events with a greater position. */
  readonly after?: number;
  /** At most so many, and fewer when they are large; the newest when `after` is absent. */
  readonly limit: number;
  readonly cluster?: string;
  readonly node?: string;
  /** Of this priority or more important. */
  readonly priority?: Priority;
}

/** The event log for people. It follows the store: what it does not have yet stands behind its position. */
export interface EventLog {
  /** The position of the last event written to it. */
  readonly position: number;
  write(event: StoredEvent): void;
}

/** What nodes tell. One verb writes what comes in frames, another what comes over HTTP. */
export interface EventStore {
  /**
   * Adds events, updates what they tell of and moves `applied` on, in one transaction; calls made close together
   * share one commit. Sequences at or below `applied` are repeats and are left out. Fails as `order` does (order-ports.ts).
   */
  applyBatch(batch: Batch): Promise<Result<BatchOutcome>>;
  /**
   * Adds events and updates what they tell of, in one transaction that others share, and gives what this call added: an event whose id
   * was posted before is left out, as long as the log has the first. Fails as `order` does.
   */
  post(batch: PostedBatch): Promise<Result<readonly StoredEvent[]>>;
  /** 0 for a stream never seen. */
  appliedOf(stream: string, lane: string): number;
  /** All nodes, or one of them. */
  nodes(only?: NodeAddress): readonly NodeRecord[];
  /** In order of position. */
  events(query: EventQuery): readonly StoredEvent[];
  /** Events in the store. */
  count(): number;
}

/** The server's state, in one file: what nodes tell (`applyBatch` writes it) and what they are told (`order` does). */
export interface Store extends EventStore, OrderStore {
  /** What a cluster is asked to have now, in order of the arrays' names. */
  autoscale(cluster: string): readonly AutoscaleTargetRecord[];
  close(): Promise<void>;
}
