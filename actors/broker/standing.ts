// How the broker side stands as a whole, summed up from what its actors report, in the words of transport/port.ts.
//
// It is connected while publishes can be made and the connection to consume on is open, and says `connecting` and
// `disconnected` by turns until then. An alarm holds for the connection that is published on: a channel that replaces another on it
// is told as connected and blocked at once, and the end of an alarm is told only while connected. A new connection begins
// without: the broker says `blocked` only to who publishes, so under an alarm the first publishes on it are the probe, and it
// passes for connected until the answer to them.
import { assertNever } from '../../protocol/result.ts';
import type { TransportStatus } from '../../transport/port.ts';
import type { BrokerReport } from './ports.ts';

export interface StandingOwner {
  tell(status: TransportStatus): void;
  /** Publishes under way have no one to answer them any more. */
  unanswered(): void;
  /** Whether the broker reads what is published. */
  alarmed(alarm: boolean): void;
}

export class Standing {
  readonly #owner: StandingOwner;
  #told: 'nothing' | 'connecting' | 'connected' | 'disconnected' = 'nothing';
  #publishing: { readonly broker: string; readonly product: string } | undefined;
  #consuming = false;
  #alarm: string | undefined;

  constructor(owner: StandingOwner) {
    this.#owner = owner;
  }

  take(report: BrokerReport): void {
    switch (report.type) {
      case 'connecting':
        if (this.#told === 'nothing' || this.#told === 'disconnected') this.#tell('connecting', report);
        return;
      case 'up':
        if (report.side === 'publish') this.#publishing = report;
        else this.#consuming = true;
        this.#look();
        return;
      case 'down':
        this.#down(report);
        return;
      case 'alarm':
        this.#setAlarm(report.reason);
        return;
      case 'consumerShared':
      case 'consumerLost':
      case 'handlerFailed':
      case 'settlementDropped':
        this.#owner.tell(report);
        return;
      default:
        assertNever(report);
    }
  }

  #look(): void {
    if (this.#publishing === undefined || !this.#consuming) return;
    const { broker, product } = this.#publishing;
    this.#tell('connected', { type: 'connected', broker, product });
    if (this.#alarm !== undefined) this.#owner.tell({ type: 'blocked', reason: this.#alarm });
  }

  #down({ failure, retryInMs, side, wholly }: Extract<BrokerReport, { type: 'down' }>): void {
    if (side === 'publish') this.#publishing = undefined;
    else this.#consuming = false;
    if (this.#told !== 'disconnected') this.#tell('disconnected', { type: 'disconnected', code: failure.code, reason: failure.message, retryInMs });
    if (side === 'consume') return;
    this.#owner.unanswered();
    if (wholly) this.#setAlarm(undefined);
  }

  #setAlarm(reason: string | undefined): void {
    if (reason === this.#alarm) return;
    this.#alarm = reason;
    this.#owner.alarmed(reason !== undefined);
    if (this.#told !== 'connected') return;
    this.#owner.tell(reason === undefined ? { type: 'unblocked' } : { type: 'blocked', reason });
  }

  #tell(told: 'connecting' | 'connected' | 'disconnected', status: TransportStatus): void {
    this.#told = told;
    this.#owner.tell(status);
  }
}
