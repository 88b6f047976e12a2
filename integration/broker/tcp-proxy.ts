// A wire between clients and a broker that goes wrong when it is told to.
//
//   listening --refuse--> not listening, the open connections go on --admit--> listening ... --dispose--> gone
//   each connection: one fault at a time, the next takes the place of the one before (`pass`: of none);
//   the flow of each direction is tcp-proxy-flow.ts
//
// It knows nothing of AMQP: a fault strikes at a byte, wherever in a frame that is.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Random } from '../../effects/random.ts';
import { breakOff, Flow } from './tcp-proxy-flow.ts';

export type Direction = 'toBroker' | 'toClient';

export interface Place {
  readonly direction: Direction;
  /** Counted from when the fault is set. */
  readonly bytes: number;
}

export type Fault =
  | { readonly type: 'pass' }
  /** A RST to both ends: at once, or behind a byte. */
  | { readonly type: 'reset'; readonly at?: undefined }
  | { readonly type: 'reset'; readonly at: Place }
  /** A FIN to both ends behind a byte: what was being said remains unfinished. */
  | { readonly type: 'truncate'; readonly at: Place }
  /** Nothing passes and nothing closes; with a direction only that one is dead, and the connection half open. */
  | { readonly type: 'silence'; readonly direction?: Direction }
  /** A few bytes a tick, both ways. */
  | { readonly type: 'drip'; readonly bytes: number; readonly everyMs: number };

export interface Counts {
  /** Connections taken since the beginning, and those still open. */
  readonly taken: number;
  readonly open: number;
  readonly toBroker: number;
  readonly toClient: number;
}

const directions: readonly Direction[] = ['toBroker', 'toClient'];

/** A byte that chance chooses: either way, among the next `most`. */
export const anywhere = (random: Random, most: number): Place => ({
  direction: random.next() < 0.5 ? 'toBroker' : 'toClient',
  bytes: Math.floor(random.next() * most),
});

const listening = async (port: number): Promise<Server> => {
  // Half open is not closed: an end is handed on, never answered by the wire itself.
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
};

/** One proxied connection. */
export class Wire {
  readonly flows: Readonly<Record<Direction, Flow>>;
  /** Resolves when both ends are closed. */
  readonly gone: Promise<unknown>;
  readonly #ends: readonly Socket[];

  constructor(client: Socket, broker: Socket) {
    this.#ends = [client, broker];
    for (const end of this.#ends) end.setNoDelay(true);
    this.gone = Promise.all(this.#ends.map((end) => new Promise((resolve) => end.once('close', resolve))));
    this.flows = { toBroker: new Flow(client, broker), toClient: new Flow(broker, client) };
  }

  apply(fault: Fault): void {
    if (fault.type === 'reset' && fault.at === undefined) {
      // At once: not even what waited in a silent wire comes through.
      for (const end of this.#ends) breakOff(end);
      return;
    }
    for (const direction of directions) this.flows[direction].endAfter(0, undefined);
    for (const direction of directions) {
      const flow = this.flows[direction];
      if (fault.type === 'drip') flow.pace(fault);
      else flow.pace({ type: fault.type === 'silence' && (fault.direction ?? direction) === direction ? 'silence' : 'pass' });
    }
    if ('at' in fault) this.flows[fault.at.direction].endAfter(fault.at.bytes, fault.type);
  }
}

export class TcpProxy {
  readonly port: number;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #wires = new Set<Wire>();
  readonly #past = { toBroker: 0, toClient: 0 };
  #server: Server | undefined;
  #taken = 0;
  #faultOf: (nth: number) => Fault = () => ({ type: 'pass' });

  private constructor(target: { readonly host: string; readonly port: number }, server: Server) {
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    this.#serve(server);
  }

  /** Listens on the loopback interface, on any free port unless one is given. */
  static async open(target: { readonly host: string; readonly port: number }, port = 0): Promise<TcpProxy> {
    return new TcpProxy(target, await listening(port));
  }

  get counts(): Counts {
    const sum = (direction: Direction): number => [...this.#wires].reduce((all, { flows }) => all + flows[direction].bytes, this.#past[direction]);
    return { taken: this.#taken, open: this.#wires.size, toBroker: sum('toBroker'), toClient: sum('toClient') };
  }

  /** The connections that are open, the oldest first. */
  get wires(): readonly Wire[] {
    return [...this.#wires];
  }

  /** To every connection that is open. */
  apply(fault: Fault): void {
    for (const wire of this.wires) wire.apply(fault);
  }

  /** To every connection from now on: the fault of the nth, counted from 1 since the proxy opened. */
  forNew(faultOf: (nth: number) => Fault): void {
    this.#faultOf = faultOf;
  }

  cut(): void {
    this.apply({ type: 'reset' });
  }

  stall(): void {
    this.apply({ type: 'silence' });
  }

  /** From now on nobody listens: connecting is refused. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  async admit(): Promise<void> {
    if (this.#server === undefined) this.#serve(await listening(this.port));
  }

  /** Resolves when nothing of it is left. */
  async dispose(): Promise<void> {
    this.refuse();
    const gone = this.wires.map((wire) => wire.gone);
    this.cut();
    await Promise.all(gone);
  }

  #serve(server: Server): void {
    this.#server = server;
    server.on('connection', (client) => this.#take(client));
  }

  #take(client: Socket): void {
    this.#taken += 1;
    const wire = new Wire(client, connect({ ...this.#target, allowHalfOpen: true }));
    this.#wires.add(wire);
    void wire.gone.then(() => {
      this.#wires.delete(wire);
      for (const direction of directions) this.#past[direction] += wire.flows[direction].bytes;
    });
    wire.apply(this.#faultOf(this.#taken));
  }
}
