// One direction of a proxied connection: what one end sends, on its way to the other.
//
//   passing --pace--> silent, or dripping, and back;  at a byte named beforehand: --> over, with both ends
//
// While it is silent it takes in what fits its buffer and hands on neither a byte nor an end, as behind a firewall that drops
// packets; when it passes again, what waited comes through, as TCP would send it again. It never loses, adds or reorders
// a byte of what it does hand on.
import type { Socket } from 'node:net';

export type Pace =
  | { readonly type: 'pass' }
  | { readonly type: 'silence' }
  /** So many bytes at most every so many milliseconds. */
  | { readonly type: 'drip'; readonly bytes: number; readonly everyMs: number };

/** `reset`: both ends get a RST. `truncate`: both get a FIN, whatever was in the middle of being said. */
export type Ending = 'reset' | 'truncate';

/** A RST, unless its goodbye is under way: then Node could not send one, and the end is all the same abrupt. */
export const breakOff = (socket: Socket): void => {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
};

export class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  #bytes = 0;
  #pace: Pace = { type: 'pass' };
  /** What the tick under way may still hand on. */
  #allowance = Number.POSITIVE_INFINITY;
  #ticking: NodeJS.Timeout | undefined;
  #stop: { readonly left: number; readonly how: Ending } | undefined;
  #watcher: ((chunk: Buffer) => void) | undefined;
  /** How far the sender has gone: it says no more, is closed, or is broken off. */
  #gone: 'ended' | 'closed' | 'broken' | undefined;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    const pump = (): void => this.#pump();
    from.on('readable', pump);
    to.on('drain', pump);
    // `end` comes only when everything before it was handed on.
    from.on('end', () => this.#leave('ended'));
    from.on('error', () => void (this.#gone = 'broken'));
    from.on('close', () => this.#leave(this.#gone === 'broken' ? 'broken' : 'closed'));
    to.on('close', () => clearInterval(this.#ticking));
  }

  /** Handed on so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sees what is about to be handed on. It may change the pace of the other direction, and not that of this one. */
  watch(watcher: (chunk: Buffer) => void): void {
    this.#watcher = watcher;
  }

  pace(pace: Pace): void {
    clearInterval(this.#ticking);
    this.#pace = pace;
    this.#allowance = Number.POSITIVE_INFINITY;
    if (pace.type === 'drip') {
      const tick = (): void => {
        this.#allowance = pace.bytes;
        this.#pump();
      };
      this.#allowance = 0;
      this.#ticking = setInterval(tick, pace.everyMs);
    }
    this.#pump();
    this.#handOnEnd();
  }

  /** Hands on so many bytes more and then ends the connection; without an ending nothing is planned any more. */
  endAfter(bytes: number, how: Ending | undefined): void {
    this.#stop = how === undefined ? undefined : { left: bytes, how };
    if (this.#stop?.left === 0) this.#end(this.#stop.how);
    else this.#pump();
  }

  #pump(): void {
    while (this.#pace.type !== 'silence' && !this.#to.writableNeedDrain && this.#stop?.left !== 0) {
      const size = Math.min(this.#from.readableLength, this.#allowance, this.#stop?.left ?? Number.POSITIVE_INFINITY);
      // Asking for nothing lets the socket read on, and notice its end.
      const chunk: unknown = this.#from.read(size);
      if (size === 0 || !(chunk instanceof Buffer)) return;
      this.#handOn(chunk);
    }
  }

  #handOn(chunk: Buffer): void {
    this.#watcher?.(chunk);
    this.#bytes += chunk.length;
    this.#allowance -= chunk.length;
    const stop = this.#stop;
    if (stop === undefined) {
      this.#to.write(chunk);
      return;
    }
    const left = stop.left - chunk.length;
    this.#stop = { left, how: stop.how };
    // The last byte is with the operating system before the end.
    this.#to.write(chunk, () => left === 0 && this.#end(stop.how));
  }

  #end(how: Ending): void {
    for (const end of [this.#to, this.#from]) {
      if (how === 'reset') breakOff(end);
      else end.destroySoon();
    }
  }

  #leave(how: 'ended' | 'closed' | 'broken'): void {
    this.#gone = how;
    this.#handOnEnd();
  }

  /** Whatever ends one end of the wire ends the other, unless nothing passes. */
  #handOnEnd(): void {
    if (this.#pace.type === 'silence') return;
    if (this.#gone === 'broken') breakOff(this.#to);
    if (this.#gone === 'closed') this.#to.destroySoon();
    if (this.#gone === 'ended') this.#to.end();
  }
}
