// The part of the orchestrator that brings commands to nodes.
//
//   asked      checked, and waiting for the orders before it: each is measured against all that were made before.
//   ordered    in the store, and only now answered; what its nodes have not answered is on its way (dispatch.ts).
//   over       its nodes have answered, which `events` writes into the store, or its time is over by this server's clock.
//
// It never decides from what it remembers whether a command was carried out: the store knows. An incarnation that ends leaves no
// order behind it but one that is under way, and that only for as long as its end may take.
import PQueue from 'p-queue';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import type { CommandRequest } from '../../protocol/command-request.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, fail, ok, type Result } from '../../protocol/result.ts';
import type { ActorContext } from '../definition.ts';
import type { Reply } from '../ref.ts';
import { changeOf, settingsOf, targetsOf, type CommandAnswer } from './command-orders.ts';
import type { Configurations } from './configurations.ts';
import { unwritable } from './configuring.ts';
import { Dispatch, type DispatchField, type SendOn } from './dispatch.ts';
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
  | { readonly type: 'expired'; readonly result: Result<Ordered> }
  | SendOn;

export interface CommandingPorts {
  readonly store: OrderStore;
  readonly configurations: Configurations;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What it needs of the orchestrator. */
export interface Field extends DispatchField {
  /** Names of the nodes of a cluster; undefined while the roster has not told. */
  nodesOf(cluster: string): ReadonlySet<string> | undefined;
}

type Context = ActorContext<CommandingMessage>;

/** Commands that wait to be written. */
const mostOrders = 1_000;
/** Nodes that are still to answer, over all commands. */
const mostDeliveries = 200_000;

export class Commanding {
  readonly #ports: CommandingPorts;
  readonly #dispatch: Dispatch;
  readonly #orders = new PQueue({ concurrency: 1 });
  #expiring = false;

  constructor(ports: CommandingPorts) {
    this.#ports = ports;
    this.#dispatch = new Dispatch(ports);
  }

  received(message: CommandingMessage, field: Field, context: Context): void {
    switch (message.type) {
      case 'command':
        this.#give(message, field, context);
        return;
      case 'ordered':
        message.reply(this.#ordered(message.change, message.result));
        this.#dispatch.sendDue(field, context);
        return;
      case 'expired':
        this.#expired(message.result);
        return;
      case 'send':
        this.#dispatch.sendOn(field, context);
        return;
      default:
        assertNever(message);
    }
  }

  registered(node: NodeAddress, field: Field, context: Context): void {
    this.#dispatch.registered(node, field, context);
  }

  /** Now and then: takes up what the store has, sends what is due, and has what is over marked. */
  look(field: Field, context: Context): void {
    this.#dispatch.takeUp();
    this.#dispatch.sendDue(field, context);
    if (this.#expiring || !this.#dispatch.isSomethingOver()) return;
    this.#expiring = true;
    const marking = this.#ports.store.order({ type: 'expire' });
    context.pipeToSelf(marking, (result) => ({ type: 'expired', result }), (error) => ({ type: 'expired', result: unwritable(error) }));
  }

  /** Orders that did not begin are dropped; the one that is under way is waited for, so that a successor finds it in the store. */
  async release(): Promise<void> {
    this.#orders.clear();
    await this.#orders.onIdle();
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
    if (this.#orders.size >= mostOrders || this.#dispatch.size + targets.value.length > mostDeliveries) {
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

  #ordered({ command: { id } }: CommandChange, result: Result<Ordered>): CommandAnswer {
    if (!result.ok) return { outcome: 'refused', error: result.error };
    if (result.value.outcome === 'conflict') return { outcome: 'conflict', ...fail('request_invalid', `another command has the id ${id}`) };
    this.#dispatch.takeUp();
    return { outcome: 'ordered', id, targets: this.#ports.store.command(id)?.targets.map(({ node }) => node) ?? [] };
  }

  #expired(result: Result<Ordered>): void {
    this.#expiring = false;
    if (result.ok) this.#dispatch.endWhatIsOver();
    else this.#ports.logger.warn(`commands whose time is over could not be marked: ${result.error.message}`, { code: result.error.code });
  }
}
