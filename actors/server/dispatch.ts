// What of the commands in the store is still to reach its nodes, and sending it.
//
//   idle      nothing stands in line; what is due is looked for now and then, and with every registration.
//   sending   a part of the line was sent, and the next one follows after a pause: much to send holds nobody else up.
//
// It takes up what the store has, again and again: also what an incarnation before it ordered and the store committed only
// later. It looks into the store before it sends anything, and so never sends what a node has answered. What a node has accepted
// it sends once with each registration and at no other time: that node may have lost it.
import type { Clock } from '../../effects/clock.ts';
import type { Configuration } from '../../protocol/configuration.ts';
import type { FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { ActorContext } from '../definition.ts';
import { commandBody } from './command-orders.ts';
import type { Configurations } from './configurations.ts';
import { Deliveries, type DueDelivery } from './deliveries.ts';
import type { OrderStore } from './order-ports.ts';

/** To itself: the next part of the line. */
export interface SendOn {
  readonly type: 'send';
}

export interface DispatchPorts {
  readonly store: Pick<OrderStore, 'pendingTargets' | 'targetState'>;
  readonly configurations: Pick<Configurations, 'bytesOf'>;
  readonly clock: Clock;
}

/** Where it sends. */
export interface DispatchField {
  isOnline(node: NodeAddress): boolean;
  configurationOf(node: NodeAddress): Configuration;
  send(to: NodeAddress, body: FrameOf<'command'>['body'], remainingMs: number, trace: TraceContext | undefined): void;
}

type Context = ActorContext<SendOn>;

/** Sent together: so many frames, or fewer when they bring so many bytes of configurations. */
const together = { frames: 100, bytes: 4 * 1024 * 1024 } as const;
const pauseMs = 10;

export class Dispatch {
  readonly #ports: DispatchPorts;
  readonly #deliveries = new Deliveries();
  /** The number of the last command that was taken up. */
  #taken = 0;
  #sending = false;

  constructor(ports: DispatchPorts) {
    this.#ports = ports;
  }

  /** Nodes that are still to answer, over all commands. */
  get size(): number {
    return this.#deliveries.size;
  }

  takeUp(): void {
    const { clock, store } = this.#ports;
    for (const pending of store.pendingTargets(this.#taken)) {
      this.#deliveries.add(pending, clock.monotonic());
      this.#taken = Math.max(this.#taken, pending.number);
    }
  }

  registered(node: NodeAddress, field: DispatchField, context: Context): void {
    this.takeUp();
    this.#deliveries.registered(node, this.#ports.clock.monotonic());
    this.sendDue(field, context, node);
  }

  /** Sends what is due, of one node or of all. */
  sendDue(field: DispatchField, context: Context, only?: NodeAddress): void {
    this.#deliveries.lineUp((node) => field.isOnline(node), this.#ports.clock.monotonic(), only);
    if (!this.#sending) this.sendOn(field, context);
  }

  sendOn(field: DispatchField, context: Context): void {
    this.#sending = false;
    let [frames, bytes] = [0, 0];
    while (frames < together.frames && bytes < together.bytes) {
      const due = this.#deliveries.next();
      if (due === undefined) return;
      bytes += this.#sendOne(due, field);
      frames += 1;
    }
    if (this.#deliveries.inLine === 0) return;
    this.#sending = true;
    context.later(pauseMs, { type: 'send' });
  }

  isSomethingOver(): boolean {
    return this.#deliveries.expired(this.#ports.clock.now()).length > 0;
  }

  /** Once the store has marked what has expired. */
  endWhatIsOver(): void {
    for (const { command, to } of this.#deliveries.expired(this.#ports.clock.now())) this.#stateOf(command.id, to);
  }

  /** As the store has it; a delivery that is at its end is dropped. */
  #stateOf(command: string, to: NodeAddress): 'pending' | 'accepted' | 'over' {
    const state = this.#ports.store.targetState(command, to.node);
    if (state === 'pending') return state;
    if (state === 'accepted') this.#deliveries.accepted(command, to);
    else this.#deliveries.end(command, to);
    return state === 'accepted' ? state : 'over';
  }

  /** The bytes of configuration that went with it. */
  #sendOne({ anew, command, to }: DueDelivery, field: DispatchField): number {
    const { clock, configurations } = this.#ports;
    const state = this.#stateOf(command.id, to);
    const remainingMs = Math.max(0, command.expiresAt - clock.now());
    // A node that has lost what it accepted says of a command without time that it has expired; what is pending expires here.
    const isWanted = state === 'accepted' ? anew : state === 'pending' && remainingMs > 0;
    if (!isWanted) return 0;
    const body = commandBody(command, () => field.configurationOf(to));
    field.send(to, body, remainingMs, command.trace);
    return body.configuration === undefined ? 0 : configurations.bytesOf(to);
  }
}
