// Gathers calls made close together into one transaction. A durable commit costs a write to the disk however much is in
// it, so the group, not the call, pays for it.
//
//   idle        no call waits.
//   patient     only calls wait that have time: what takes back, which nobody waits for. They join the next group, and begin one
//               of their own when their time is up.
//   gathering   calls wait. Every turn of the event loop that brings more of them prolongs it, up to `maxCalls` or
//               `gatherMs`; the first quiet turn ends it, so a lone call waits two turns and no timer.
//   committing  synchronous, in a turn of its own: every call's work in order, then COMMIT, then every caller is told.
//   closed      calls are refused.
//
// Never runs work inside the caller's turn, and never tells a caller before COMMIT has returned. There are only failures
// of the whole group: work decides whether it can be done before it writes, and what throws after that is the file's
// trouble, which none of the group can escape. The transaction rolls back, each caller gets the same coded failure, and
// the next group begins afresh. An exception that is no trouble of the file is a defect: it rejects the group's promises.
import type { Cancel, Clock } from '../effects/clock.ts';
import { JetpackError } from '../protocol/errors.ts';
import { fail, ok, type Failure, type Result } from '../protocol/result.ts';
import type { Database, Statement } from './database.ts';
import { troubleOf, type StorageCode } from './trouble.ts';

/** What its owner keeps in memory about the file. It must be true again after a rollback. */
export interface Follower {
  /** A transaction has begun: remember what is true now; and then it may be refused, by a `JetpackError`, which each caller is answered. */
  begun(): void;
  /** The last moment to write before COMMIT. */
  committing(): void;
  /** Nothing since `begun` has happened. */
  rolledBack(): void;
}

export interface GroupCommitOptions {
  readonly database: Database;
  readonly follower: Follower;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** The code of its failures. */
  readonly code: StorageCode;
}

interface Call {
  /** Does the work; the result tells the caller. */
  readonly work: () => () => void;
  readonly refuse: (failure: { readonly ok: false; readonly error: Failure }) => void;
  readonly crash: (error: unknown) => void;
}

const maxCalls = 256;
const gatherMs = 2;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #beginning: Statement;
  readonly #ending: Statement;
  #waiting: Call[] = [];
  /** How many waited when the last turn looked. */
  #seen = 0;
  #since = 0;
  #turn: NodeJS.Immediate | undefined;
  /** Of the patient. */
  #cancelTimer: Cancel | undefined;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#beginning = options.database.prepare('BEGIN IMMEDIATE');
    this.#ending = options.database.prepare('COMMIT');
  }

  /**
   * Runs `work`, synchronous, in the next transaction; resolves with what it returned once that is durable. With `patienceMs`
   * it waits so long for a transaction that others need.
   */
  run<T>(work: () => T, patienceMs = 0): Promise<Result<T>> {
    if (this.#closed) return Promise.resolve(fail(this.#options.code, 'the file is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        work: () => {
          const value = work();
          return () => resolve(ok(value));
        },
        refuse: resolve,
        crash: reject,
      });
      if (patienceMs === 0) this.#begin();
      else if (this.#turn === undefined) this.#cancelTimer ??= this.#options.clock.after(patienceMs, () => this.#begin());
    });
  }

  /** Commits what waits, in this turn, and takes no more. */
  close(): void {
    this.#closed = true;
    clearImmediate(this.#turn);
    this.#cancelTimer?.();
    while (this.#waiting.length > 0) this.#flush();
  }

  #begin(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#turn !== undefined) return;
    this.#since = this.#options.clock.monotonic();
    this.#turn = setImmediate(this.#look);
  }

  readonly #look = (): void => {
    const waiting = this.#waiting.length;
    const grew = waiting > this.#seen;
    this.#seen = waiting;
    if (grew && waiting < maxCalls && this.#options.clock.monotonic() - this.#since < gatherMs) {
      this.#turn = setImmediate(this.#look);
      return;
    }
    this.#seen = 0;
    this.#flush();
    this.#turn = this.#waiting.length > 0 ? setImmediate(this.#look) : undefined;
  };

  #flush(): void {
    const group = this.#waiting.splice(0, maxCalls);
    let told: ReadonlyArray<() => void>;
    try {
      told = this.#transact(group);
    } catch (error) {
      const refused = this.#refusalOf(error);
      for (const call of group) {
        if (refused === undefined) call.crash(error);
        else call.refuse(refused);
      }
      return;
    }
    for (const tell of told) tell();
  }

  /** Undefined for a defect. */
  #refusalOf(error: unknown): { readonly ok: false; readonly error: Failure } | undefined {
    if (error instanceof JetpackError) return fail(error.code, error.message);
    const trouble = troubleOf(error);
    return trouble === undefined ? undefined : fail(this.#options.code, trouble);
  }

  #transact(group: readonly Call[]): ReadonlyArray<() => void> {
    const { database, follower } = this.#options;
    this.#beginning.run();
    try {
      follower.begun();
      const told = group.map((call) => call.work());
      follower.committing();
      this.#ending.run();
      return told;
    } catch (error) {
      follower.rolledBack();
      // SQLite rolls back by itself after some errors, a full disk among them.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}
