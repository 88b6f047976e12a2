// A client of a local socket for tests: sends what it is told, polite or not, and gives out the lines that come back.
import { connect, type Socket } from 'node:net';
import type { LocalReply } from '../../../protocol/local.ts';

export const helloLine = '{"jetpack":{"min":1,"max":1}}\n';

export const uuid = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

export const logRequest = (number: number, message = `message ${number}`): string =>
  `${JSON.stringify({ id: uuid(number), verb: 'log', at: 1, level: 'info', priority: 'medium', message })}\n`;

export class LocalClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  readonly #lines: LocalReply[] = [];
  #text = '';
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      this.#text += text;
      const whole = this.#text.split('\n');
      this.#text = whole.pop() ?? '';
      this.#lines.push(...whole.map((line) => JSON.parse(line) as LocalReply));
      this.#wake();
    });
    this.socket.on('end', () => {
      this.socket.end();
      this.#wake();
    });
    this.socket.on('close', () => this.#wake());
  }

  /** Resolves when the bytes have left this process. Rejects when the other side is gone. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }

  /** The next answer; undefined when the connection ended before one came. */
  async next(): Promise<LocalReply | undefined> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.socket.readableEnded || this.socket.closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}
