// Follows `cyclecloud.jetpack.http_port`: whether programs of this machine may post messages over HTTP, and on which port of loopback.
//
//   closed    nothing listens: the key is absent, or names no port
//   opening   a port is being listened on
//   open      requests come by it
//   closing   the key names another port or none: what is in flight is answered first
//   refused   the port cannot be had: one line says so, and it is tried again after a while
//
// The key counts as node.json has it, now: whenever that was written, it is looked up anew. Nothing that becomes of the port harms the daemon.
import type { Logger } from '../../../effects/logger.ts';
import { clusterlinkPath } from '../../../protocol/clusterlink.ts';
import type { Json } from '../../../protocol/configuration.ts';
import { assertNever, fail, type Result } from '../../../protocol/result.ts';
import type { ActorContext } from '../../definition.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import type { ExplainKey, WatchConfig, WatchConfigNoMore } from '../config/messages.ts';
import type { LayerValue } from '../config/ports.ts';
import type { LocalSockets } from './gateway.ts';

export type HttpPortMessage =
  | { readonly type: 'port?' }
  | { readonly type: 'port'; readonly told: AskResult<readonly LayerValue[]> }
  | { readonly type: 'port opened'; readonly result: Result<LocalSockets> }
  | { readonly type: 'port closed' }
  | { readonly type: 'port again' };

export interface HttpPorts {
  readonly config: ActorRef<ExplainKey | WatchConfig | WatchConfigNoMore>;
  /** Fails with `port_unavailable`. */
  readonly openHttp: (port: number) => Promise<Result<LocalSockets>>;
  readonly logger: Logger;
}

const httpPortKey = 'cyclecloud.jetpack.http_port';

const watchId = 'gateway/http';
const watchMs = 24 * 3_600_000;
const askMs = 5_000;
const againMs = 30_000;

/** Undefined: nothing is asked for; null: it is no port. */
const portOf = (value: Json | undefined): number | null | undefined => {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return undefined;
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : null;
};

interface Current {
  readonly port: number;
  readonly listener: Promise<Result<LocalSockets>>;
  readonly state: 'opening' | 'open' | 'closing';
}

export class HttpPort {
  readonly #ports: HttpPorts;
  readonly #context: ActorContext<HttpPortMessage>;
  #wanted: number | undefined;
  #current: Current | undefined;
  /** Not tried again before its time. */
  #refused: number | undefined;
  /** What was complained of last. */
  #complaint: string | undefined;
  #ended = false;

  constructor(ports: HttpPorts, context: ActorContext<HttpPortMessage>) {
    this.#ports = ports;
    this.#context = context;
    void this.#watch();
  }

  received(message: HttpPortMessage): void {
    switch (message.type) {
      case 'port?': {
        const asked = this.#context.ask(this.#ports.config, (reply: Reply<readonly LayerValue[]>) => ({ type: 'explain', key: httpPortKey, reply }) as const, { timeoutMs: askMs });
        this.#context.pipeToSelf(asked, (told) => ({ type: 'port', told }), () => ({ type: 'port again' }));
        return;
      }
      case 'port':
        this.#told(message.told);
        return;
      case 'port opened':
        this.#opened(message.result);
        return;
      case 'port closed':
        this.#current = undefined;
        this.#settle();
        return;
      case 'port again':
        this.#refused = undefined;
        this.#settle();
        return;
      default:
        assertNever(message);
    }
  }

  /** Ends as `how` does, also what is only being opened. */
  async end(how: (listener: LocalSockets) => Promise<void>): Promise<void> {
    this.#ended = true;
    this.#context.tell(this.#ports.config, { type: 'unwatch', id: watchId });
    const listener = await this.#current?.listener;
    if (listener?.ok === true) await how(listener.value);
  }

  /** An actor that crashed has forgotten who watches. */
  async #watch(): Promise<void> {
    const changed = (): void => {
      if (!this.#ended) this.#context.tell(this.#context.self, { type: 'port?' });
    };
    while (!this.#ended) {
      const watch = (reply: Reply<never>): WatchConfig => ({ type: 'watch', id: watchId, changed, reply });
      const watched = await this.#context.ask(this.#ports.config, watch, { timeoutMs: watchMs });
      if (!watched.ok && watched.error.code !== 'actor_crashed' && watched.error.code !== 'timeout') return;
    }
  }

  #told(told: AskResult<readonly LayerValue[]>): void {
    // Whoever gave no answer has crashed, and is watched anew, or is busy, and is asked again.
    if (!told.ok) {
      if (told.error.code === 'timeout') this.#context.later(askMs, { type: 'port?' });
      return;
    }
    const port = portOf(told.value[0]?.value);
    if (port === null) this.#complain(`${httpPortKey} is no port: nothing listens on it`);
    if (port === undefined) this.#complaint = undefined;
    this.#wanted = port ?? undefined;
    this.#settle();
  }

  #settle(): void {
    const current = this.#current;
    if (this.#ended || current?.state === 'opening' || current?.state === 'closing' || current?.port === this.#wanted) return;
    if (current !== undefined) {
      this.#current = { ...current, state: 'closing' };
      const closed = current.listener.then((listener) => (listener.ok ? listener.value.drain() : undefined));
      this.#context.pipeToSelf(closed, () => ({ type: 'port closed' }), () => ({ type: 'port closed' }));
      return;
    }
    const port = this.#wanted;
    if (port === undefined || port === this.#refused) return;
    const listener = this.#ports.openHttp(port).catch((error: unknown) => fail('port_unavailable', `port ${port} cannot be listened on (${String(error)})`));
    this.#current = { port, listener, state: 'opening' };
    this.#context.pipeToSelf(listener, (result) => ({ type: 'port opened', result }), () => ({ type: 'port again' }));
  }

  #opened(result: Result<LocalSockets>): void {
    if (this.#current === undefined) return;
    const { port } = this.#current;
    if (result.ok) {
      this.#current = { ...this.#current, state: 'open' };
      this.#complaint = undefined;
      this.#ports.logger.info(`programs of this machine may post to http://127.0.0.1:${port}${clusterlinkPath}`, { port });
    } else {
      this.#current = undefined;
      this.#refused = port;
      this.#complain(`${httpPortKey}: ${result.error.message}; jetpackd goes on without it, and tries again by itself`);
      this.#context.later(againMs, { type: 'port again' });
    }
    this.#settle();
  }

  /** Once, however often it is tried. */
  #complain(text: string): void {
    if (text !== this.#complaint) this.#ports.logger.warn(text, { code: 'port_unavailable' });
    this.#complaint = text;
  }
}
