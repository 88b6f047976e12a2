// What the embedded broker holds, over all its connections: exchanges, bindings and topic patterns in smqp, and the
// queues. It takes no publish through smqp's own exchanges, because these run consumers inside the publish, put one
// message twice into a queue with two matching bindings, and know no alternate exchange.
import { Broker } from 'smqp';
import type { Clock } from '../../effects/clock.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { Exchange, Queue, Topology } from '../topology.ts';
import { EmbeddedQueue, type QueueOwner } from './queue.ts';
import type { Stored } from './stored.ts';

type SmqpExchange = ReturnType<Broker['assertExchange']>;

/** The first argument in which two declarations of one name differ. Whose an exchange is, is no argument of it. */
const difference = (existing: object, wanted: object): string | undefined => {
  const before = new Map(Object.entries(existing));
  const after = new Map(Object.entries(wanted));
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (name !== 'owned' && before.get(name) !== after.get(name)) return `${name} ${before.get(name) ?? 'unset'}, not ${after.get(name) ?? 'unset'}`;
  }
  return undefined;
};

export class EmbeddedCore implements QueueOwner {
  readonly clock: Clock;
  readonly #smqp = new Broker();
  readonly #exchanges = new Map<string, { readonly spec: Exchange; readonly exchange: SmqpExchange }>();
  readonly #queues = new Map<string, EmbeddedQueue>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Makes what is missing. Fails with `topology_mismatch` when something exists with other arguments. */
  declare(topology: Topology): Result<void> {
    for (const spec of topology.exchanges) {
      const differs = difference(this.#exchanges.get(spec.name)?.spec ?? spec, spec);
      if (differs !== undefined) return fail('topology_mismatch', `exchange ${spec.name} exists with ${differs}`);
      this.#declareExchange(spec);
    }
    for (const spec of topology.queues) {
      const differs = difference(this.#queues.get(spec.name)?.spec ?? spec, spec);
      if (differs !== undefined) return fail('topology_mismatch', `queue ${spec.name} exists with ${differs}`);
      this.#declareQueue(spec);
    }
    for (const { queue, exchange, key } of topology.bindings) this.#smqp.bindQueue(queue, exchange, key);
    return ok(undefined);
  }

  queue(name: string): EmbeddedQueue | undefined {
    return this.#queues.get(name);
  }

  deleteQueue(name: string): void {
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    this.#queues.delete(name);
    this.#smqp.deleteQueue(name);
    queue.remove();
  }

  /** Whether a queue has the message now. */
  publish(stored: Stored): boolean {
    const queues = this.#route(stored.exchange, stored.routingKey, new Set());
    for (const queue of queues) queue.offer(stored);
    return queues.size > 0;
  }

  deadLetter(stored: Stored): void {
    this.publish(stored);
  }

  unused(queue: EmbeddedQueue): void {
    this.deleteQueue(queue.spec.name);
  }

  #declareExchange(spec: Exchange): void {
    if (this.#exchanges.has(spec.name)) return;
    const exchange = this.#smqp.assertExchange(spec.name, spec.type, { autoDelete: false });
    this.#exchanges.set(spec.name, { spec, exchange });
  }

  #declareQueue(spec: Queue): void {
    if (this.#queues.has(spec.name)) return;
    const queue = this.#smqp.createQueue(spec.name, { autoDelete: false });
    this.#queues.set(spec.name, new EmbeddedQueue(spec, queue, this));
  }

  #route(name: string, key: string, tried: Set<string>): ReadonlySet<EmbeddedQueue> {
    const found = new Set<EmbeddedQueue>();
    const entry = this.#exchanges.get(name);
    if (entry === undefined || tried.has(name)) return found;
    tried.add(name);
    for (const binding of entry.exchange.bindings) {
      const queue = this.#queues.get(binding.queue.name);
      if (queue !== undefined && (entry.spec.type === 'fanout' || binding.testPattern(key))) found.add(queue);
    }
    return found.size === 0 && entry.spec.alternate !== undefined ? this.#route(entry.spec.alternate, key, tried) : found;
  }
}
