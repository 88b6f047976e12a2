// One run of a front (cli/front/), as jetpackd serves it.
//
//   telling  takes what the front tells, until it says that this was all
//   running  the command runs; standard input or a file is asked for when it is wanted
//   ending   everything to print and the exit code are written in one go; closed when the system has taken them
//   closed   what the command still does changes nothing any more
//
// A run that cannot be done here is left to the Node form, as long as nothing of it was printed: that is also how one is given
// up, drained, or refused memory. It never starts a process, never opens a path for a caller, and believes nothing of a caller
// but which socket it could open.
import type { Socket } from 'node:net';
import type { Work } from '../../commands/command.ts';
import { run } from '../../commands/run.ts';
import type { Cancel } from '../../effects/clock.ts';
import { frame, needsOwnProcess, type Said } from '../../protocol/front.ts';
import type { LocalReply, LocalRequest } from '../../protocol/local.ts';
import type { Result } from '../../protocol/result.ts';
import type { KeptTree } from '../config/kept-tree.ts';
import type { Client, Standing } from '../sockets/client.ts';
import type { ConnectionContext } from '../sockets/connection.ts';
import { Holding } from '../sockets/memory.ts';
import { admitValue, answerRequest, askerOf, type Caller } from '../sockets/requests.ts';
import { Waits } from '../sockets/waits.ts';
import { Body } from './body.ts';
import { frameBytes, FrameBuffer, type Frame } from './frames.ts';
import { frontHost } from './front-host.ts';
import { NotHere } from './not-here.ts';
import { isOpenToGroup } from './open-to-group.ts';
import { readTold, type Told } from './told.ts';

export interface FrontContext extends ConnectionContext {
  readonly home: string;
  readonly config: KeptTree;
  /** The socket that is open to the group. */
  readonly door: string;
}

/** Arguments and environment, and a piece of a file. */
const largestFrame = 1024 * 1024;

/** Bytes told before the run begins: twice what the front sends. The arguments that Linux allows a process may be more. */
const mostTold = 2 * largestFrame;

/** An answer that comes sooner needs no word about how long it may take. */
const soonMs = 100;

export const frontFull = frame('P');

/** What the caller's environment asks for and only a process of its own can do, another clock among it. */
const needsProcess = ({ env }: Told): boolean => needsOwnProcess(env) || env['TZ'] !== process.env['TZ'];

export class FrontConnection implements Client {
  readonly #socket: Socket;
  readonly #caller: Caller;
  readonly #context: FrontContext;
  readonly #holding: Holding;
  readonly #frames: FrameBuffer;
  readonly #waits: Waits;
  readonly #told: Frame[] = [];
  readonly #printed: Buffer[] = [];
  #gone: AbortController | undefined;
  #sayLater: Cancel | undefined;
  #state: 'telling' | 'running' | 'ending' | 'closed' = 'telling';
  #body: Body | undefined;
  #asked = false;
  #toldBytes = 0;
  #progressAt: number;

  constructor(socket: Socket, caller: Caller, context: FrontContext) {
    this.#socket = socket;
    this.#caller = caller;
    this.#context = context;
    this.#holding = new Holding(context.memory, context.limits.ownMemory);
    this.#frames = new FrameBuffer(this.#holding, largestFrame);
    this.#waits = new Waits(context.clock, context.limits);
    this.#waits.begin('handshake');
    this.#progressAt = context.clock.monotonic();
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.destroy());
    socket.on('error', (error) => context.logger.debug('a front went away', { socket: caller.socket, reason: error.message }));
    socket.on('close', () => this.#closed());
  }

  /** Nothing was asked of an actor yet: the Node form can do all of it. */
  get expendable(): boolean {
    return this.#state === 'telling' || (this.#state === 'running' && !this.#asked);
  }

  get standing(): Standing {
    return { served: this.#asked, progressAt: this.#progressAt };
  }

  drain(): void {
    if (this.expendable) this.#leave();
  }

  /** The word reaches a front whose buffer has room for it. */
  giveUp(): void {
    this.#leave();
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  checkTime(now: number): void {
    const wait = this.#waits.exhausted(now);
    if (wait === 'handshake') this.#leave();
    else if (wait !== undefined) this.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#state === 'ending' || this.#state === 'closed') return;
    if (!this.#frames.append(chunk, (next) => this.#take(next))) this.#leave();
  }

  #take(next: Frame): void {
    this.#progressAt = this.#context.clock.monotonic();
    if (this.#state === 'running') {
      this.#body?.take(next);
    } else if (this.#state === 'telling' && next.type === 'G') {
      this.#waits.end('handshake');
      this.#state = 'running';
      const told = readTold(this.#told);
      if (told === undefined || needsProcess(told)) this.#leave();
      else void this.#run(told);
    } else if (this.#state === 'telling' && !this.#keep(next)) this.#leave();
  }

  /** False when it is more than a front tells, or than there is room for. */
  #keep(next: Frame): boolean {
    const bytes = next.content.length + frameBytes;
    this.#toldBytes += bytes;
    if (this.#toldBytes > mostTold || !this.#holding.change(bytes)) return false;
    this.#told.push(next);
    return true;
  }

  async #run(told: Told): Promise<void> {
    const { clock, config, door, home, logger } = this.#context;
    const host = frontHost(told, {
      clock,
      home,
      configTree: () => config.read(),
      admin: this.#caller.socket === 'admin',
      mayRead: (file) => this.#caller.socket === 'admin' || isOpenToGroup(file, door),
      handle: (request, onProgress) => this.#handle(request, onProgress),
      out: (text) => this.#print('O', text),
      err: (text) => this.#print('R', text),
      readInput: (limit) => this.#receive('standard input', limit, 'N', ''),
      readFile: (argument, offset, name, limit) => this.#receive(name, limit, 'F', `${argument} ${offset} ${limit}`),
      keepWaiting: (ms) => this.#keepWaiting(ms),
    });
    const accept = ({ ownProcess }: Work, of: string): boolean => !ownProcess && of === home;
    try {
      const exit = await run(host, accept);
      if (exit === undefined) this.#leave();
      else this.#exit(exit);
    } catch (error) {
      if (error instanceof NotHere) logger.debug('a run of the front was given up', { reason: error.message });
      else logger.error('a command failed by a defect, and is left to its Node form', { error });
      this.#leave();
    }
  }

  /** For an actor that tells a line: what becomes of it is nothing to the actor. */
  #progress(onProgress: (line: string) => void): (line: string) => void {
    return (line) => {
      if (this.#state !== 'running') return;
      try {
        onProgress(line);
      } catch (error) {
        if (!(error instanceof NotHere)) throw error;
        this.#leave();
      }
    };
  }

  /** Throws NotHere when nobody is there any more for whom the command runs. */
  #stay(): void {
    if (this.#state !== 'running') throw new NotHere('the front is gone, or was told to do without');
  }

  async #handle(request: LocalRequest, onProgress: (line: string) => void): Promise<LocalReply> {
    this.#stay();
    const { handle, logger } = this.#context;
    const admitted = admitValue(request, this.#caller);
    if (!admitted.ok) return admitted.error;
    this.#asked = true;
    try {
      return await answerRequest(admitted.value, askerOf(this.#progress(onProgress), () => this.#whenGone()), handle, logger);
    } finally {
      this.#sayLater?.();
      this.#gone = undefined;
    }
  }

  #whenGone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#state === 'closed') this.#gone.abort('the front is gone');
    return this.#gone.signal;
  }

  #keepWaiting(ms: number): void {
    this.#sayLater = this.#context.clock.after(soonMs, () => this.#write('K', String(Math.ceil(ms - soonMs))));
  }

  async #receive(name: string, limit: number, ask: 'N' | 'F', what: string): Promise<Result<Uint8Array>> {
    this.#stay();
    // However long it takes until somebody writes into the pipe.
    this.#body = new Body({ name, limit, holding: this.#holding, pieceByPiece: ask === 'N', ask: (taken) => this.#write(ask, what, taken) });
    return this.#body.whole;
  }

  #print(type: 'O' | 'R', text: string): void {
    this.#stay();
    const bytes = frame(type, text);
    if (!this.#holding.change(bytes.length)) throw new NotHere('too many bytes are held for others');
    this.#printed.push(bytes);
  }

  #exit(code: number): void {
    this.#end(Buffer.concat([...this.#printed, frame('Q', String(code))]));
  }

  /** To the Node form: nothing was printed yet. */
  #leave(): void {
    this.#end(frame('P'));
  }

  /** `taken` is called when the system has taken it. */
  #write(type: Said, content: string, taken: () => void = () => undefined): void {
    if (this.#state === 'running') this.#socket.write(frame(type, content), taken);
  }

  #end(last: Buffer): void {
    if (this.#state === 'ending' || this.#state === 'closed') return;
    this.#state = 'ending';
    this.#waits.endAll();
    this.#waits.begin('answers');
    this.#socket.end(last, () => this.destroy());
  }

  #closed(): void {
    this.#state = 'closed';
    this.#sayLater?.();
    this.#gone?.abort('the front is gone');
    this.#frames.clear();
    this.#body?.close();
    this.#told.length = this.#printed.length = 0;
    this.#holding.close();
  }
}
