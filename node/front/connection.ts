// One run of the front (cli/front/jetpack.c), as jetpackd serves it.
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
import type { LocalReply, LocalRequest } from '../../protocol/local.ts';
import type { Result } from '../../protocol/result.ts';
import type { Client, Standing } from '../sockets/client.ts';
import type { ConnectionContext } from '../sockets/connection.ts';
import { Holding } from '../sockets/memory.ts';
import { admitValue, answerRequest, type Caller } from '../sockets/requests.ts';
import { Waits } from '../sockets/waits.ts';
import { Body } from './body.ts';
import { frame, FrameBuffer, type Frame, type Said } from './frames.ts';
import { frontHost } from './front-host.ts';
import { NotHere } from './not-here.ts';
import { readTold, type Told } from './told.ts';

export interface FrontContext extends ConnectionContext {
  readonly home: string;
}

/** Arguments and environment, and a piece of a file. */
const largestFrame = 1024 * 1024;

/** Frames before the run begins: the arguments Linux allows a process would be more, and go to the Node form. */
const mostTold = 4_096;

/** The front's patience, once it has handed over what was asked for. */
const againMs = 1_000;

export const frontFull = frame('P');

/** What the caller's environment asks for and only a process of its own can do: traces of its own, another clock, a stack. */
const needsProcess = ({ env }: Told): boolean =>
  (env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') !== '' || (env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '') !== '' || env['TZ'] !== process.env['TZ'] || env['JETPACK_DEBUG'] !== undefined;

export class FrontConnection implements Client {
  readonly #socket: Socket;
  readonly #caller: Caller;
  readonly #context: FrontContext;
  readonly #holding: Holding;
  readonly #frames: FrameBuffer;
  readonly #waits: Waits;
  readonly #told: Frame[] = [];
  readonly #printed: Buffer[] = [];
  readonly #gone = new AbortController();
  #state: 'telling' | 'running' | 'ending' | 'closed' = 'telling';
  #body: Body | undefined;
  #asked = false;
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

  giveUp(): void {
    this.#leave();
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
    if (!this.#frames.append(chunk)) return this.#leave();
    for (let next = this.#frames.next(); next !== undefined; next = this.#frames.next()) {
      if (next === 'too large') return this.#leave();
      this.#progressAt = this.#context.clock.monotonic();
      this.#take(next);
    }
  }

  #take(next: Frame): void {
    if (this.#state === 'running') {
      this.#body?.take(next);
    } else if (this.#state === 'telling' && next.type === 'G') {
      this.#waits.end('handshake');
      this.#state = 'running';
      const told = readTold(this.#told);
      if (told === undefined || needsProcess(told)) this.#leave();
      else void this.#run(told);
    } else if (this.#told.push(next) > mostTold) this.#leave();
  }

  async #run(told: Told): Promise<void> {
    const { clock, home, logger } = this.#context;
    const host = frontHost(told, told.cwd ?? '/', {
      clock,
      home,
      admin: this.#caller.socket === 'admin',
      handle: (request, onProgress) => this.#handle(request, onProgress),
      out: (text) => this.#print('O', text),
      err: (text) => this.#print('R', text),
      readInput: (limit) => this.#receive('standard input', limit, 'N', ''),
      readFile: (argument, offset, name, limit) => this.#receive(name, limit, 'F', `${argument} ${offset} ${limit}`),
      keepWaiting: (ms) => this.#write('K', String(Math.ceil(ms))),
    });
    // Without a folder to start from, a relative home would mean nothing.
    const accept = ({ ownProcess }: Work, of: string): boolean => told.cwd !== undefined && !ownProcess && of === home;
    try {
      const exit = await run(host, accept);
      if (exit === undefined) this.#leave();
      else this.#exit(exit);
    } catch (error) {
      if (!(error instanceof NotHere)) logger.error('a command failed by a defect, and is left to its Node form', { error });
      this.#leave();
    }
  }

  async #handle(request: LocalRequest, onProgress: (line: string) => void): Promise<LocalReply> {
    if (this.#state !== 'running') throw new NotHere('the run was given up');
    const { handle, logger } = this.#context;
    const admitted = admitValue(request, this.#caller);
    if (!admitted.ok) return admitted.error;
    this.#asked = true;
    return answerRequest(admitted.value, { progress: onProgress, gone: this.#gone.signal }, handle, logger);
  }

  async #receive(name: string, limit: number, ask: 'N' | 'F', what: string): Promise<Result<Uint8Array>> {
    const body = new Body(name, limit, this.#holding, () => this.#more(ask));
    this.#body = body;
    // However long it takes until somebody writes into the pipe.
    this.#write('K', '-1');
    this.#write(ask, what);
    const received = await body.whole;
    this.#write('K', String(againMs));
    return received;
  }

  /** A file comes by itself to its end; of standard input only what is wanted. */
  #more(ask: 'N' | 'F'): void {
    if (ask === 'N') this.#write('N');
  }

  #print(type: 'O' | 'R', text: string): void {
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

  #write(type: Said, content = ''): void {
    if (this.#state === 'running') this.#socket.write(frame(type, content));
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
    this.#gone.abort();
    this.#frames.clear();
    this.#body?.close();
    this.#holding.change(-this.#printed.reduce((sum, { length }) => sum + length, 0));
  }
}
