// Keeps one session with the broker standing. One loop does it:
//
//   connecting -> open a session -> connected -> the session is lost -> disconnected, wait -> connecting ...
//
// It goes on until it is stopped, or fails for good because trying again cannot help. A publish channel that ends while
// its session lives is replaced within the loop, and that too is told as disconnected and connected, for between the two
// nothing can be published; consumers are not touched by it.
//
// An alarm holds for the connection that is published on, so a channel that replaces another on it is told as connected and
// blocked at once, and the end of an alarm is told only while there is a channel to publish on. A new connection begins
// without: the broker says `blocked` only to who publishes, so under an alarm the first publishes on it are the probe, and
// it passes for connected until the answer to them. They wait in the socket, bounded by their caller.
import { pause } from '../../effects/clock.ts';
import { errors } from '../../protocol/errors.ts';
import type { Failure } from '../../protocol/result.ts';
import type { TransportStatus } from '../port.ts';
import { reasonOf } from '../reason.ts';
import { parseBrokerUrl, type BrokerAddress } from './address.ts';
import type { AmqpSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { RetryDelay } from './retry-delay.ts';
import { openSession, type Session } from './session.ts';

export interface LinkOwner {
  tell(status: TransportStatus): void;
  /** A session stands; what is attached to it ends with it. */
  opened(session: Session): void;
  /** The broker under alarm stops reading from whoever publishes, until it is over or the session is lost. */
  alarmed(alarm: boolean): void;
}

const stopped: Failure = { code: 'transport_closed', message: 'closed by its owner' };

/**
 * Whether trying again cannot help. A virtual host that is not opened has to be met twice in a row, for a broker that is
 * shutting down looks the same.
 */
const isFinal = ({ code }: Failure, before: Failure | undefined): boolean =>
  !errors[code].retryable && (code !== 'broker_vhost' || before?.code === code);

export class Link {
  readonly #settings: AmqpSettings;
  readonly #owner: LinkOwner;
  readonly #delay: RetryDelay;
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;
  #renewing = true;
  #session: Session | undefined;
  #publisher: Publisher | undefined;
  /** Why the broker blocks the session that stands, while it does. */
  #alarm: string | undefined;

  constructor(settings: AmqpSettings, owner: LinkOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#delay = new RetryDelay(settings.clock, settings.random, settings.retryMs);
    this.#running = this.#run();
  }

  /** While one stands. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** While publishes can be made. */
  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /** Lets the session that stands be the last. */
  retire(): void {
    this.#renewing = false;
  }

  /** Ends the session, if one stands, and the loop. */
  async stop(): Promise<void> {
    this.#renewing = false;
    this.#stopped.abort();
    this.#stopPublishing();
    await this.#session?.end(stopped);
    await this.#running;
  }

  async #run(): Promise<void> {
    // A turn later, so that whoever made the transport hears the first status.
    await new Promise((resolve) => setImmediate(resolve));
    const address = parseBrokerUrl(this.#settings.url);
    if (!address.ok) {
      this.#fail(address.error);
      return;
    }
    let attempt = 0;
    let before: Failure | undefined;
    while (this.#renewing) {
      this.#owner.tell({ type: 'connecting', attempt: ++attempt });
      const opened = await openSession(address.value, this.#settings, this.#stopped.signal);
      if (opened.ok) attempt = 0;
      const failure = opened.ok ? await this.#live(opened.value, address.value) : opened.error;
      if (!this.#renewing) return;
      if (isFinal(failure, before)) {
        this.#fail(failure);
        return;
      }
      before = failure;
      const retryInMs = this.#delay.next();
      this.#owner.tell({ type: 'disconnected', code: failure.code, reason: failure.message, retryInMs });
      await pause(this.#settings.clock, retryInMs, this.#stopped.signal);
    }
  }

  /** From connected to lost. */
  async #live(session: Session, { shown }: BrokerAddress): Promise<Failure> {
    if (this.#stopped.signal.aborted) await session.end(stopped);
    this.#session = session;
    session.publishing.model.on('blocked', (reason: string) => this.#setAlarm(reason));
    session.publishing.model.on('unblocked', () => this.#setAlarm(undefined));
    this.#owner.opened(session);
    while (session.alive) {
      const reason = await this.#publishOn(session, shown);
      this.#stopPublishing();
      if (!session.alive) break;
      const retryInMs = session.delay.next();
      this.#owner.tell({ type: 'disconnected', code: 'transport_closed', reason, retryInMs });
      await session.restore(retryInMs);
      if (session.alive) this.#owner.tell({ type: 'connecting', attempt: 1 });
    }
    this.#session = undefined;
    this.#setAlarm(undefined);
    const failure = await session.lost;
    void session.end(failure);
    return failure;
  }

  /** Publishes on one channel until it or the session ends; the reason. */
  async #publishOn(session: Session, shown: string): Promise<string> {
    try {
      const { channel, ended } = await session.confirmChannel();
      this.#publisher = new Publisher(channel, this.#settings);
      this.#owner.tell({ type: 'connected', broker: shown });
      if (this.#alarm !== undefined) this.#owner.tell({ type: 'blocked', reason: this.#alarm });
      return await Promise.race([ended, session.lost.then(({ message }) => message)]);
    } catch (error) {
      return reasonOf(error);
    }
  }

  #stopPublishing(): void {
    this.#publisher?.abandon();
    this.#publisher = undefined;
  }

  #setAlarm(reason: string | undefined): void {
    this.#alarm = reason;
    this.#owner.alarmed(reason !== undefined);
    if (this.#publisher === undefined) return;
    this.#owner.tell(reason === undefined ? { type: 'unblocked' } : { type: 'blocked', reason });
  }

  #fail({ code, message }: Failure): void {
    this.#owner.tell({ type: 'failed', code, reason: message });
  }
}
