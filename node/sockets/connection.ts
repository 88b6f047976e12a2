// One client of a local socket. It may send many requests and has each answered under its id, in any order.
//
//   greeting  waits for the handshake line
//   open      reads requests, has up to `inFlight` of them handled, writes answers
//   ending    its last line is written; reads nothing more; closed when the system has taken that line, or a second later. Who has
//             ended its input, and was told everything, is closed at once
//   closed    answers that come late are dropped
//
// A coded farewell ends a client that is too large, too slow or not understood; a request that is merely wrong is answered
// and harms nothing. It never throws because of a client, never holds more memory than its holding grants, and reads no
// further while answers wait to be read or too many requests are in flight.
import type { Socket } from 'node:net';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { LocalReply, LocalRequest } from '../../protocol/local.ts';
import { assertNever } from '../../protocol/result.ts';
import type { Client, Standing } from './client.ts';
import { decodeHello } from './decode.ts';
import type { LocalLimits } from './limits.ts';
import { LineBuffer } from './line-buffer.ts';
import { Holding, type SharedMemory } from './memory.ts';
import { encodeProgress, encodeReply, refusal } from './replies.ts';
import { admitRequest, answerLine, askerOf, type Caller, type HandleRequest } from './requests.ts';
import { Waits } from './waits.ts';

/** What the connections of a listener share. */
export interface ConnectionContext {
  readonly handle: HandleRequest;
  readonly limits: LocalLimits;
  readonly memory: SharedMemory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Without a reason of ours, Node makes an exception with its stack for each. */
const ended = 'the client has ended its input';

export class Connection implements Client {
  readonly #socket: Socket;
  readonly #caller: Caller;
  readonly #context: ConnectionContext;
  readonly #holding: Holding;
  readonly #lines: LineBuffer;
  readonly #waits: Waits;
  #state: 'greeting' | 'open' | 'ending' | 'closed' = 'greeting';
  #inFlight = 0;
  #served = false;
  /** When the last whole line or answer passed. Single bytes are no progress. */
  #progressAt: number;
  /** The client sends no more, and may still read. */
  #inputEnded = false;
  #draining = false;
  /** Aborts when the client has ended its input, which is all that a client which is gone shows of it. */
  #gone: AbortController | undefined;

  constructor(socket: Socket, caller: Caller, context: ConnectionContext) {
    this.#socket = socket;
    this.#caller = caller;
    this.#context = context;
    this.#holding = new Holding(context.memory, context.limits.ownMemory);
    this.#lines = new LineBuffer(this.#holding);
    this.#waits = new Waits(context.clock, context.limits);
    this.#waits.begin('handshake');
    this.#progressAt = context.clock.monotonic();
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#endInput());
    socket.on('drain', () => this.#unblock());
    socket.on('error', (error) => context.logger.debug('a local client went away', { socket: caller.socket, reason: error.message }));
    socket.on('close', () => this.#closed());
  }

  /** Whether it could be given up without losing a request that is being handled. */
  get expendable(): boolean {
    return this.#reading && this.#inFlight === 0;
  }

  get standing(): Standing {
    return { served: this.#served, progressAt: this.#progressAt };
  }

  /** Reads no new requests, answers those in flight, then ends. */
  drain(): void {
    this.#draining = true;
    this.#endWhenDone();
  }

  /** Makes room for another at once. The farewell reaches a client whose buffer has room for it. */
  giveUp(): void {
    this.#refuse('busy', 'the daemon has too many clients and this one asked nothing: try again');
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends a connection whose client takes too long. To be called about once a second. */
  checkTime(now: number): void {
    const { limits } = this.#context;
    const wait = this.#waits.exhausted(now);
    switch (wait) {
      case undefined:
        return;
      case 'handshake':
        this.#refuse('timeout', `no handshake within ${limits.helloMs} ms`);
        return;
      case 'line':
        this.#refuse('timeout', `a line was not complete within ${limits.lineMs} ms`);
        return;
      case 'idle':
        this.#end();
        return;
      case 'answers':
      case 'farewell':
        this.destroy();
        return;
      default:
        assertNever(wait);
    }
  }

  get #reading(): boolean {
    return this.#state === 'greeting' || this.#state === 'open';
  }

  get #saturated(): boolean {
    return this.#inFlight >= this.#context.limits.inFlight || this.#waits.has('answers');
  }

  #read(chunk: Buffer): void {
    if (!this.#reading) return;
    if (this.#lines.append(chunk)) this.#advance();
    else this.#refuse('busy', 'the daemon holds too many bytes of unfinished requests: try again');
  }

  /** Takes the lines that are there, as far as it may, and settles whether to read on. */
  #advance(): void {
    const { limits } = this.#context;
    while (this.#reading && !this.#saturated) {
      const line = this.#lines.next();
      if ((line?.length ?? this.#lines.length) > limits.line) this.#refuse('message_too_large', `a line has at most ${limits.line} bytes`);
      if (line === undefined || !this.#reading) break;
      this.#waits.end('line');
      this.#progress();
      this.#take(line);
    }
    if (!this.#reading) return;
    if (this.#saturated) {
      // Not the client's doing: it has no line to finish while nobody reads.
      this.#waits.end('line');
      this.#socket.pause();
      return;
    }
    if (this.#lines.length > 0) this.#waits.begin('line');
    this.#socket.resume();
    this.#endWhenDone();
  }

  /** Something whole has passed: the client may be idle anew from here. */
  #progress(): void {
    this.#progressAt = this.#context.clock.monotonic();
    this.#waits.end('idle');
    if (this.#state === 'open' && this.#inFlight === 0) this.#waits.begin('idle');
  }

  #take(line: Uint8Array): void {
    if (this.#state === 'greeting') {
      const greeted = decodeHello(line);
      if (!greeted.ok) {
        this.#refuse(greeted.error.code, greeted.error.message);
        return;
      }
      this.#state = 'open';
      this.#waits.end('handshake');
      this.#waits.begin('idle');
      return;
    }
    const admitted = admitRequest(line, this.#caller);
    if (!admitted.ok) {
      this.#answer(admitted.error);
      return;
    }
    const request = admitted.value;
    if (this.#draining) this.#answer(refusal('busy', 'the daemon is stopping', request.id));
    else if (this.#holding.change(line.length)) this.#start(request, line.length);
    else this.#answer(refusal('busy', 'the daemon holds too many bytes of unanswered requests: try again', request.id));
  }

  #start(request: LocalRequest, bytes: number): void {
    this.#inFlight += 1;
    this.#waits.end('idle');
    const { handle, logger } = this.#context;
    const asker = askerOf((line) => this.#write(encodeProgress(request.id, line)), () => this.#whenGone());
    void answerLine(request, asker, handle, logger).then((answer) => {
      this.#inFlight -= 1;
      this.#holding.change(-bytes);
      this.#served = true;
      this.#progress();
      this.#write(answer);
      this.#advance();
    });
  }

  #whenGone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#inputEnded || this.#state === 'closed') this.#gone.abort(ended);
    return this.#gone.signal;
  }

  #answer(reply: LocalReply): void {
    this.#write(encodeReply(reply));
  }

  #write(line: string): void {
    if (this.#reading && !this.#socket.write(line)) this.#waits.begin('answers');
  }

  #unblock(): void {
    this.#waits.end('answers');
    this.#advance();
  }

  #endInput(): void {
    this.#inputEnded = true;
    this.#gone?.abort(ended);
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (!this.#reading || this.#inFlight > 0) return;
    if (this.#draining) this.#end();
    else if (!this.#inputEnded || this.#saturated) return;
    else if (this.#lines.length > 0) this.#refuse('request_invalid', 'the last line does not end');
    else this.#end();
  }

  /** Ends the connection with a coded line that belongs to no request. */
  #refuse(code: ErrorCode, message: string): void {
    if (!this.#reading) return;
    this.#context.logger.debug('a local client was refused', { socket: this.#caller.socket, code, reason: message });
    this.#end(encodeReply(refusal(code, message)));
  }

  #end(farewell = ''): void {
    this.#state = 'ending';
    this.#waits.endAll();
    this.#lines.clear();
    // There is nothing it has sent that a close would have it lose an answer for.
    if (farewell === '' && this.#inputEnded && this.#socket.writableLength === 0) {
      this.destroy();
      return;
    }
    this.#waits.begin('farewell');
    this.#socket.pause();
    const taken = (): void => this.destroy();
    // To write nothing to a client that is gone would be an error, and cost as much as a request.
    if (farewell === '') this.#socket.end(taken);
    else this.#socket.end(farewell, taken);
  }

  #closed(): void {
    this.#state = 'closed';
    this.#gone?.abort(ended);
    this.#lines.clear();
  }
}
