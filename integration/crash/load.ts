// The load of a crash run: clients that report messages all the time, one after another each, over the real sockets and
// the real spool. Most run in this process, for speed; one a node is the real command line.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope } from '../../commands/envelope.ts';
import { logRequest } from '../../commands/log.ts';
import { sendRequest } from '../../commands/send.ts';
import { deliver } from '../../cli/deliver.ts';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';
import type { SpooledRequest } from '../../protocol/local.ts';
import type { Result } from '../../protocol/result.ts';
import { runJetpack } from '../cluster/processes.ts';
import type { Attempt } from './judge.ts';

export interface Target {
  readonly node: string;
  readonly home: string;
}

/** First word of the routing keys of this load's `jetpack send`. */
export const routingWord = 'crash';

/** Pauses between messages of a client, milliseconds. */
export interface Pauses {
  readonly log: number;
  readonly send: number;
  readonly shell: number;
}

const hardly: Pauses = { log: 8, send: 40, shell: 250 };

/** A busy node; about sixty messages a second of two. */
export const steady: Pauses = { log: 60, send: 200, shell: 2_000 };
const logClients = 2;

type Deliver = (message: string) => Promise<Attempt['told']>;

const envelope = (): Envelope => {
  const at = systemClock.now();
  return { id: uuid7(at, systemRandom), at };
};

const inProcess =
  (home: string, requestOf: (message: string) => Result<SpooledRequest>): Deliver =>
  async (message) => {
    const request = requestOf(message);
    if (!request.ok) throw new Error(request.error.message);
    const delivered = await deliver(home, request.value, systemClock);
    return delivered.ok ? delivered.value.type : 'refused';
  };

const asLog = (message: string): Result<SpooledRequest> => logRequest({ command: 'log', message, level: 'info', priority: 'medium' }, envelope());

const asSend =
  (node: string) =>
  (message: string): Result<SpooledRequest> => {
    const body = Buffer.from(message);
    return sendRequest({ command: 'send', routingKey: `${routingWord}.${node}`, body: { type: 'text', text: message } }, body, envelope());
  };

/** The command line says on standard error when the spool has a message. */
const byShell =
  (home: string): Deliver =>
  async (message) => {
    // The front asks the daemon of this home; what names one with --home is left to Node.
    const { code, stderr } = await runJetpack(['log', message], { env: { JETPACK_HOME: home } });
    if (code !== 0) return 'refused';
    return stderr === '' ? 'accepted' : 'spooled';
  };

export class Load {
  readonly logs: Attempt[] = [];
  readonly sends: Attempt[] = [];
  readonly #clients: Promise<unknown>;
  #ending = false;

  constructor(targets: readonly Target[], pauses = hardly) {
    const clients = targets.flatMap(({ node, home }) => [
      ...Array.from({ length: logClients }, (_, index) => this.#client(`${node}/log-${index + 1}`, inProcess(home, asLog), pauses.log, this.logs)),
      this.#client(`${node}/shell`, byShell(home), pauses.shell, this.logs),
      this.#client(`${node}/send`, inProcess(home, asSend(node)), pauses.send, this.sends),
    ]);
    this.#clients = Promise.all(clients);
    // A client that failed is heard of at the end.
    this.#clients.catch(() => undefined);
  }

  /** Resolves when every client has heard what became of its last message. */
  async end(): Promise<void> {
    this.#ending = true;
    await this.#clients;
  }

  async #client(client: string, delivered: Deliver, pauseMs: number, attempts: Attempt[]): Promise<void> {
    for (let number = 1; !this.#ending; number += 1) {
      const message = `${client} ${number}`;
      attempts.push({ client, message, told: await delivered(message) });
      await sleep(pauseMs);
    }
  }
}
