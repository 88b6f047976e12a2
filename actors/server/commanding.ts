// The part of the orchestrator that brings commands to nodes.
//
//   asked      checked, and waiting for the orders before it: each is measured against all that were made before.
//   ordered    in the store, and only now answered; what its nodes have not answered is on its way (deliveries.ts).
//   over       its nodes have answered, which `events` writes into the store, or its time is over by this server's clock.
//
// It looks into the store before it sends anything, and so never sends what a node has answered, nor decides from what it
// remembers whether a command was carried out. Every incarnation takes up what the store says is pending.
import PQueue from 'p-queue';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import type { CommandRequest } from '../../protocol/command-request.ts';
import type { FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, fail, ok, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { ActorContext } from '../definition.ts';
import type { Reply } from '../ref.ts';
import { changeOf, commandBody, settingsOf, targetsOf, type CommandAnswer } from './command-orders.ts';
import type { Configurations } from './configurations.ts';
import { unwritable } from './configuring.ts';
import { Deliveries } from './deliveries.ts';
import type { Change, Ordered, OrderStore } from './order-ports.ts';

/** Answered when the command is in the store. The trace that it comes in is the command's. */
export interface GiveCommand {
  readonly type: 'command';
  readonly request: CommandRequest;
  readonly reply: Reply<CommandAnswer>;
}

type CommandChange = Extract<Change, { type: 'command' }>;

export type CommandingMessage =
  | GiveCommand
  | { readonly type: 'ordered'; readonly change: CommandChange; readonly result: Result<Ordered>; readonly reply: Reply<CommandAnswer> }
  | { readonly type: 'expired'; readonly result: Result<Ordered> };

export interface CommandingPorts {
  readonly store: OrderStore;
  readonly configurations: Configurations;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What it needs of the orchestrator. */
export interface Field {
  /** Names of the nodes of a cluster; undefined while the roster has not told. */
  nodesOf(cluster: string): ReadonlySet<string> | undefined;
  isOnline(node: NodeAddress): boolean;
  send(to: NodeAddress, body: FrameOf<'command'>['body'], remainingMs: number, trace: TraceContext | undefined): void;
}

type Context = ActorContext<CommandingMessage>;

/** Commands that wait to be written. */
const mostOrders = 1_000;
/** Nodes that are still to answer, over all commands. */
const mostDeliveries = 200_000;

export class Commanding {
  readonly #ports: CommandingPorts;
  readonly #deliveries = new Deliveries();
  readonly #orders = new PQueue({ concurrency: 1 });
  #expiring = false;

  constructor(ports: CommandingPorts) {
    this.#ports = ports;
    for (const pending of ports.store.pendingTargets()) this.#deliveries.add(pending, ports.clock.monotonic());
  }

  received(message: CommandingMessage, field: Field, context: Context): void {
    switch (message.type) {
      case 'command':
        this.#give(message, field, context);
        return;
      case 'ordered':
        message.reply(this.#ordered(message.change, message.result, field));
        return;
      case 'expired':
        this.#expired(message.result);
        return;
      default:
        assertNever(message);
    }
  }

  registered(node: NodeAddress, field: Field): void {
    this.#deliveries.registered(node, this.#ports.clock.monotonic());
    this.#sendDue(field, node);
  }

  /** Now and then: sends what is due, and has what is over marked. */
  look(field: Field, context: Context): void {
    const { clock, store } = this.#ports;
    this.#sendDue(field);
    if (this.#expiring || this.#deliveries.expired(clock.now()).length === 0) return;
    this.#expiring = true;
    const marking = store.order({ type: 'expire' });
    context.pipeToSelf(marking, (result) => ({ type: 'expired', result }), (error) => ({ type: 'expired', result: unwritable(error) }));
  }

  #give({ reply, request }: GiveCommand, field: Field, context: Context): void {
    const { clock, configurations, random, store } = this.#ports;
    const { cluster } = request;
    const busy = (message: string): void => reply({ outcome: 'refused', ...fail('busy', message) });
    const known = field.nodesOf(cluster);
    if (known === undefined) {
      busy('this server has only begun: try again');
      return;
    }
    const id = request.id ?? uuid7(clock.now(), random);
    // What is in the store already is not judged again: nodes may have gone since.
    const targets = store.command(id) === undefined ? targetsOf(request, known, configurations.hasTemplate(cluster)) : ok([]);
    if (!targets.ok) {
      reply({ outcome: 'unknown', error: targets.error });
      return;
    }
    if (this.#orders.size >= mostOrders || this.#deliveries.size + targets.value.length > mostDeliveries) {
      busy('too many commands are under way: try again later');
      return;
    }
    const change = changeOf(request, id, targets.value, clock.now(), context.trace);
    const settings = settingsOf(request, targets.value);
    const ordering = this.#orders.add(async (): Promise<Result<Ordered>> => {
      const fits = settings.length === 0 ? ok(undefined) : configurations.check(cluster, targets.value, settings);
      return fits.ok ? store.order(change) : fits;
    });
    context.pipeToSelf(
      ordering,
      (result) => ({ type: 'ordered', change, result, reply }),
      (error) => ({ type: 'ordered', change, result: unwritable(error), reply }),
    );
  }

  #ordered({ command, nodes }: CommandChange, result: Result<Ordered>, field: Field): CommandAnswer {
    const { clock, store } = this.#ports;
    const { value: _value, ...rest } = command;
    const { id } = command;
    if (!result.ok) return { outcome: 'refused', error: result.error };
    if (result.value.outcome === 'conflict') return { outcome: 'conflict', ...fail('request_invalid', `another command has the id ${id}`) };
    if (result.value.outcome === 'done') {
      for (const node of nodes) this.#deliveries.add({ command: rest, node }, clock.monotonic());
      this.#sendDue(field);
    }
    return { outcome: 'ordered', id, targets: store.command(id)?.targets.map(({ node }) => node) ?? [] };
  }

  #expired(result: Result<Ordered>): void {
    const { clock, logger, store } = this.#ports;
    this.#expiring = false;
    if (!result.ok) {
      logger.warn(`commands whose time is over could not be marked: ${result.error.message}`, { code: result.error.code });
      return;
    }
    for (const { command, to } of this.#deliveries.expired(clock.now())) {
      if (store.targetState(command.id, to.node) !== 'pending') this.#deliveries.end(command.id, to);
    }
  }

  #sendDue(field: Field, only?: NodeAddress): void {
    const { clock, configurations, store } = this.#ports;
    const due = this.#deliveries.take((node) => field.isOnline(node), clock.monotonic(), only);
    for (const { command, to } of due) {
      const remainingMs = command.expiresAt - clock.now();
      if (store.targetState(command.id, to.node) !== 'pending') this.#deliveries.end(command.id, to);
      else if (remainingMs > 0) field.send(to, commandBody(command, () => configurations.of(to)), remainingMs, command.trace);
    }
  }
}
