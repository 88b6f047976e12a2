// A node of the delivery model: the real outbox and the real sender, and a record of what it promised.
import path from 'node:path';
import type { Appended, NewEntry, Outbox, UserMessage } from '../../actors/node/messaging/ports.ts';
import type { EventBatch, Sender, UserRow } from '../../actors/node/messaging/sender.ts';
import type { Clock } from '../../effects/clock.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import type { JetpackEvent, Priority } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { openOutbox } from '../../node/outbox/outbox.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';

/** An accepted entry: the promise that is checked in the end. */
export interface Promised {
  readonly entry: NewEntry;
  readonly place: Appended;
}

interface Backup {
  readonly file: string;
  readonly promised: readonly Promised[];
}

export interface NodeSettings {
  readonly folder: string;
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Rows the outbox may hold. */
  readonly rows: number;
  readonly newSender: (outbox: Outbox) => Sender;
}

export class ModelNode {
  readonly address: NodeAddress;
  outbox: Outbox;
  sender: Sender;
  /** What was accepted, in order, by the history that this node's file has now. */
  promised: readonly Promised[] = [];
  /** Published, and the broker's answer is still to come. */
  underWay: EventBatch[] = [];
  /** Ids of user messages that reached the user's exchange. */
  readonly delivered = new Set<string>();
  restored = false;
  readonly #settings: NodeSettings;
  #file: string;
  #files = 0;
  #backup: Backup | undefined;

  constructor(settings: NodeSettings) {
    this.#settings = settings;
    this.address = { cluster: 'model', node: settings.name };
    this.#file = this.#newFile();
    this.outbox = this.#open();
    this.sender = settings.newSender(this.outbox);
  }

  get mayDrop(): boolean {
    return this.#settings.rows < 1_000;
  }

  newLog(priority: Priority): NewEntry {
    const id = uuid7(this.#settings.clock.now(), this.#settings.random);
    const event: JetpackEvent = { kind: 'log', id, at: this.#settings.clock.now(), level: 'info', priority, message: 'm' };
    return { id, lane: 'report', priority, payload: JSON.stringify(event), repeatable: true };
  }

  newUserMessage(routingKey: string): NewEntry {
    const id = uuid7(this.#settings.clock.now(), this.#settings.random);
    const message: UserMessage = { id, at: this.#settings.clock.now(), routingKey, contentType: 'text/plain', bodyBase64: '' };
    return { id, lane: 'user', priority: 'high', payload: JSON.stringify(message), repeatable: true };
  }

  async append(entries: readonly NewEntry[]): Promise<void> {
    const appended = await this.outbox.append(entries);
    if (!appended.ok) return;
    const fresh = appended.value.flatMap((place, index) => {
      const entry = entries[index];
      return entry === undefined || this.promised.some((other) => other.entry.id === entry.id) ? [] : [{ entry, place }];
    });
    this.promised = [...this.promised, ...fresh];
  }

  /** Killed while an append is under way: before its commit, or after it but before the caller was told. */
  async crashDuringAppend(entries: readonly NewEntry[], committed: boolean): Promise<void> {
    const appending = this.outbox.append(entries);
    if (committed) await appending;
    const file = this.#newFile();
    copyDatabase(this.#file, file);
    await this.#abandon(file);
  }

  async crash(): Promise<void> {
    const file = this.#newFile();
    copyDatabase(this.#file, file);
    await this.#abandon(file);
  }

  backUp(): void {
    const file = this.#newFile();
    copyDatabase(this.#file, file);
    this.#backup = { file, promised: this.promised };
  }

  async restore(): Promise<void> {
    if (this.#backup === undefined) return;
    const file = this.#newFile();
    copyDatabase(this.#backup.file, file);
    this.promised = this.#backup.promised;
    this.restored = true;
    await this.#abandon(file);
  }

  publish(now: number): EventBatch | undefined {
    const batch = this.sender.next(now);
    if (batch !== undefined) this.underWay.push(batch);
    return batch;
  }

  settle(batch: EventBatch, outcome: Parameters<Sender['settled']>[1], now: number): void {
    this.underWay = this.underWay.filter((other) => other !== batch);
    this.sender.settled(batch, outcome, now);
  }

  /** The user's exchange: what is for `nowhere` is returned; the rest is taken, even if its confirm is lost. */
  async publishUser(confirm: boolean, now: number): Promise<UserRow | undefined> {
    const row = this.sender.nextUser(now);
    if (row === undefined) return undefined;
    // Made by `newUserMessage`.
    const message = JSON.parse(row.row.payload) as UserMessage;
    const routable = message.routingKey !== 'nowhere';
    if (routable) this.delivered.add(message.id);
    await this.sender.settledUser(row, routable ? (confirm ? 'confirmed' : 'unconfirmed') : 'unroutable', now);
    return row;
  }

  close(): Promise<void> {
    return this.outbox.close();
  }

  /** Goes on with another file, as a new process would. */
  async #abandon(file: string): Promise<void> {
    await this.outbox.close();
    this.#file = file;
    this.outbox = this.#open();
    this.sender = this.#settings.newSender(this.outbox);
    this.underWay = [];
  }

  #newFile(): string {
    this.#files += 1;
    return path.join(this.#settings.folder, `${this.#settings.name}-${this.#files}.db`);
  }

  #open(): Outbox {
    const { clock, random, rows } = this.#settings;
    const opened = openOutbox(this.#file, { ...this.address, instanceId: 'i' }, { clock, random, limit: { rows, bytes: 1_000_000 }, deletionWaitMs: 0 });
    if (!opened.ok) throw new Error(opened.error.message);
    if (opened.value.setAside !== undefined) throw new Error(opened.value.setAside.reason);
    return opened.value.outbox;
  }
}
