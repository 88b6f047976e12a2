// One end of the front's protocol in this process, for tests: frames out as the test says, frames in as they come.
import { connect, type Socket } from 'node:net';

export interface Heard {
  readonly type: string;
  readonly text: string;
}

export const told = (type: string, content: string | Uint8Array = ''): Buffer => {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

export const runId = '01938a5e-0000-7000-8000-000000000000';

/** All that the front tells before it waits. */
export const beginning = (argv: readonly string[], env: Readonly<Record<string, string>> = {}, cwd: string | null = '/'): Buffer =>
  Buffer.concat([
    told('H', '1'),
    told('I', runId),
    told('T', '0 80'),
    ...(cwd === null ? [] : [told('W', cwd)]),
    ...Object.entries(env).map(([name, value]) => told('E', `${name}=${value}`)),
    ...argv.map((argument) => told('A', argument)),
    told('G'),
  ]);

export class FrontClient {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  readonly #heard: Heard[] = [];
  /** What each K said, in order. */
  readonly patience: string[] = [];
  readonly #waiting: Array<() => void> = [];
  readonly #closed: Promise<unknown>;

  /** Of a front that connects to this path, or of a daemon that a front has connected to. */
  constructor(to: string | Socket) {
    this.socket = typeof to === 'string' ? connect(to) : to;
    this.socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      while (this.#bytes.length >= 5 && this.#bytes.length >= 5 + this.#bytes.readUInt32BE(1)) {
        const end = 5 + this.#bytes.readUInt32BE(1);
        this.#hear({ type: this.#bytes.toString('latin1', 0, 1), text: this.#bytes.toString('utf8', 5, end) });
        this.#bytes = this.#bytes.subarray(end);
      }
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.socket.on('close', () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next frame that is no K, which only says that it takes longer; undefined when the daemon has closed. */
  async next(): Promise<Heard | undefined> {
    for (;;) {
      const heard = this.#heard.shift();
      if (heard !== undefined) return heard;
      if (this.socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Everything until the daemon closes, without K. */
  async rest(): Promise<readonly Heard[]> {
    const all: Heard[] = [];
    for (let heard = await this.next(); heard !== undefined; heard = await this.next()) all.push(heard);
    return all;
  }

  #hear(heard: Heard): void {
    if (heard.type === 'K') this.patience.push(heard.text);
    else this.#heard.push(heard);
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }
}
