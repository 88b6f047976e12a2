// `jetpack status`: what the actors of this node know, asked of all at once. One that does not answer in time is left out, and
// named, so that the rest can still be seen.
import type { ActorContext } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import type { ConfigQuestion, ConfigView } from '../config/messages.ts';
import type { ConvergeQuestion, ConvergeView } from '../converge/messages.ts';
import type { HealthQuestion } from '../health/healthcheck.ts';
import type { HealthView } from '../health/view.ts';
import type { KeepaliveView, ShowKeepalive } from '../keepalive/keepalive.ts';
import type { LifecycleQuestion, LifecycleView } from '../lifecycle/lifecycle.ts';
import type { OutboxDepth } from '../messaging/ports.ts';
import type { SyncQuestion, SyncView } from '../sync/sync.ts';

export interface StatusPorts {
  readonly sync: ActorRef<SyncQuestion>;
  readonly config: ActorRef<ConfigQuestion>;
  readonly healthcheck: ActorRef<HealthQuestion>;
  readonly keepalive: ActorRef<ShowKeepalive>;
  readonly converge: ActorRef<ConvergeQuestion>;
  readonly lifecycle: ActorRef<LifecycleQuestion>;
  /** How the connection to the broker is. */
  readonly broker: () => string;
  /** What it is, once it was connected. */
  readonly product: () => string | undefined;
  readonly outbox: () => OutboxDepth;
  readonly identity: { readonly cluster: string; readonly node: string; readonly version: string; readonly answersAs: string };
}

export interface NodeStatus {
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  /** The version by which scripts know it. */
  readonly answersAs: string;
  readonly broker: string;
  readonly product: string | undefined;
  readonly outbox: OutboxDepth;
  readonly sync: SyncView | undefined;
  readonly config: ConfigView | undefined;
  readonly health: HealthView | undefined;
  readonly keepalive: KeepaliveView | undefined;
  readonly converge: ConvergeView | undefined;
  readonly lifecycle: LifecycleView | undefined;
  /** Actors that did not answer. */
  readonly silent: readonly string[];
}

const withinMs = 2_000;

export const askStatus = async <M>(ports: StatusPorts, context: ActorContext<M>): Promise<NodeStatus> => {
  const silent: string[] = [];
  const ask = async <Q, R>(name: string, ref: ActorRef<Q>, question: (reply: Reply<R>) => Q): Promise<R | undefined> => {
    const asked = await context.ask(ref, question, { timeoutMs: withinMs });
    if (!asked.ok) silent.push(name);
    return asked.ok ? asked.value : undefined;
  };
  const [sync, config, health, keepalive, converge, lifecycle] = await Promise.all([
    ask('sync', ports.sync, (reply: Reply<SyncView>) => ({ type: 'sync?', reply }) as const),
    ask('config', ports.config, (reply: Reply<ConfigView>) => ({ type: 'config?', reply }) as const),
    ask('healthcheck', ports.healthcheck, (reply: Reply<HealthView>) => ({ type: 'health', reply }) as const),
    ask('keepalive', ports.keepalive, (reply: Reply<KeepaliveView>) => ({ type: 'show', reply }) as const),
    ask('converge', ports.converge, (reply: Reply<ConvergeView>) => ({ type: 'converge?', reply }) as const),
    ask('lifecycle', ports.lifecycle, (reply: Reply<LifecycleView>) => ({ type: 'lifecycle?', reply }) as const),
  ]);
  const transport = { broker: ports.broker(), product: ports.product(), outbox: ports.outbox() };
  return { ...ports.identity, ...transport, sync, config, health, keepalive, converge, lifecycle, silent };
};
