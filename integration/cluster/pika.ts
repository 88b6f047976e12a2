// consumer.py as a process: an independent client in another language at the user's exchange.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface PikaMessage {
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered: boolean;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Those that the message has, by pika's names. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Base 64. */
  readonly body: string;
}

export interface Pika {
  /** In the order they came. */
  readonly messages: readonly PikaMessage[];
  /** What became of each message that it was asked to publish, in order. */
  readonly published: readonly Readonly<Record<'published' | 'returned', string>>[];
  publish(message: { readonly exchange: string; readonly routing_key: string; readonly body: string }): void;
  /** Ends it, and gives what it wrote to standard error. */
  close(): Promise<string>;
}

/** Where Debian's python3-pika is: another Python may stand earlier on the PATH. */
const python = '/usr/bin/python3';

/** Resolves when it consumes. The exchange must exist. */
export const startPika = async (url: string, exchange: string, keys: readonly string[]): Promise<Pika> => {
  const script = path.join(import.meta.dirname, 'consumer.py');
  const child = spawn(python, [script, exchange, ...keys], { env: { PATH: process.env['PATH'], AMQP_URL: url }, stdio: 'pipe' });
  const ended = once(child, 'close');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => undefined);
  const messages: PikaMessage[] = [];
  const published: Readonly<Record<'published' | 'returned', string>>[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') return resolve();
      // One of the two forms that consumer.py writes.
      const said = JSON.parse(line) as PikaMessage | Readonly<Record<'published' | 'returned', string>>;
      if ('routing_key' in said) messages.push(said);
      else published.push(said);
    });
    void ended.then(() => reject(new Error(`${python} consumer.py ended: ${errors}`)));
  });
  return {
    messages,
    published,
    publish: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    close: async () => {
      child.stdin.end();
      await ended;
      return errors;
    },
  };
};
