// The server of the delivery model: the real store behind the real intake.
import path from 'node:path';
import { Intake, type IntakeStep } from '../../actors/server/intake.ts';
import type { Batch, Store, StoredEvent } from '../../actors/server/ports.ts';
import type { Clock } from '../../effects/clock.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';
import { openStore } from '../store/store.ts';

/** What a server publishes to a node. */
export type Answer = Extract<IntakeStep, { type: 'applied' | 'resend' }>;

export class ModelServer {
  store: Store;
  restored = false;
  readonly #folder: string;
  readonly #clock: Clock;
  /** Where answers go. */
  readonly #answer: (answer: Answer) => void;
  #intake: Intake;
  #batches: Batch[] = [];
  #file: string;
  #files = 0;
  #backup: string | undefined;

  constructor(folder: string, clock: Clock, answer: (answer: Answer) => void) {
    this.#folder = folder;
    this.#clock = clock;
    this.#answer = answer;
    this.#file = this.#newFile();
    this.store = this.#open();
    this.#intake = new Intake(this.store);
  }

  /** Batches that wait for the store. */
  get waiting(): number {
    return this.#batches.length;
  }

  receive(frame: Uint8Array): void {
    const decoded = decodeFrame(frame);
    if (!decoded.ok || decoded.value.kind !== 'events' || decoded.value.from === undefined) throw new Error('a frame was not readable');
    this.#follow(this.#intake.received(decoded.value.from, decoded.value.body, this.#clock.monotonic()));
  }

  /** Gives the store its next batch; with `crash` the process is killed right after the commit. */
  async apply(crash: boolean): Promise<void> {
    const batch = this.#batches.shift();
    if (batch === undefined) return;
    const result = await this.store.applyBatch(batch);
    if (crash) await this.crash();
    else this.#follow(this.#intake.settled(batch, result, this.#clock.monotonic()));
  }

  async crash(): Promise<void> {
    await this.#continueFrom(this.#file);
  }

  backUp(): void {
    this.#backup = this.#newFile();
    copyDatabase(this.#file, this.#backup);
  }

  async restore(): Promise<void> {
    if (this.#backup === undefined) return;
    this.restored = true;
    await this.#continueFrom(this.#backup);
  }

  log(): readonly StoredEvent[] {
    return this.store.events({ limit: 1_000_000 });
  }

  close(): Promise<void> {
    return this.store.close();
  }

  #follow(steps: readonly IntakeStep[]): void {
    for (const step of steps) {
      if (step.type === 'apply') this.#batches.push(step.batch);
      else if (step.type === 'conflict') throw new Error('a stream was taken for that of another node');
      else this.#answer(step);
    }
  }

  async #continueFrom(copied: string): Promise<void> {
    const file = this.#newFile();
    copyDatabase(copied, file);
    await this.store.close();
    this.#file = file;
    this.store = this.#open();
    this.#intake = new Intake(this.store);
    this.#batches = [];
  }

  #newFile(): string {
    this.#files += 1;
    return path.join(this.#folder, `server-${this.#files}.db`);
  }

  #open(): Store {
    const opened = openStore(this.#file, { clock: this.#clock });
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value.store;
  }
}
