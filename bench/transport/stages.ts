// Where the time of a run goes, measured from outside: what a stage does it does synchronously, so the time between its
// beginning and its end is its own, but for a stage that begins within it, which is taken off.
import type { Interceptor } from '../../actors/interceptor.ts';
import { systemClock } from '../../effects/clock.ts';
import type { Database, Statement } from '../../storage/database.ts';
import type { Transport } from '../../transport/port.ts';

/** Milliseconds that only rise: of time, and of the event loop with nothing to do. */
export interface Meters {
  readonly monotonic: () => number;
  readonly idle: () => number;
}

const ownMeters: Meters = { monotonic: () => systemClock.monotonic(), idle: () => performance.eventLoopUtilization().idle };

export class Stages {
  readonly #meters: Meters;
  readonly #spent = new Map<string, number>();
  readonly #open: string[] = [];
  #begun: number;
  #idle: number;
  #since: number;

  constructor(meters = ownMeters) {
    this.#meters = meters;
    this.#begun = this.#since = meters.monotonic();
    this.#idle = meters.idle();
  }

  /** Forgets what was measured so far. */
  restart(): void {
    this.#spent.clear();
    this.#begun = this.#since = this.#meters.monotonic();
    this.#idle = this.#meters.idle();
  }

  enter(stage: string): void {
    this.#note();
    this.#open.push(stage);
  }

  leave(): void {
    this.#note();
    this.#open.pop();
  }

  in<T>(stage: string, work: () => T): T {
    this.enter(stage);
    try {
      return work();
    } finally {
      this.leave();
    }
  }

  /** Each stage's share of the time since then; `idle` is the event loop with nothing to do, `rest` what no stage did. */
  shares(idle: string, rest: string): Readonly<Record<string, number>> {
    const whole = this.#meters.monotonic() - this.#begun;
    const shares: Record<string, number> = {};
    for (const [stage, spent] of this.#spent) shares[stage] = spent / whole;
    shares[idle] = (this.#meters.idle() - this.#idle) / whole;
    shares[rest] = Math.max(0, 1 - Object.values(shares).reduce((sum, share) => sum + share, 0));
    return shares;
  }

  #note(): void {
    const now = this.#meters.monotonic();
    const stage = this.#open.at(-1);
    if (stage !== undefined) this.#spent.set(stage, (this.#spent.get(stage) ?? 0) + now - this.#since);
    this.#since = now;
  }
}

/** A statement whose every use belongs to a stage. Rows are read at once, so that no time of their reader's is counted. */
const timedStatement = (statement: Statement, stages: Stages, stage: string): Statement =>
  new Proxy(statement, {
    get: (target, name) => {
      if (name === 'iterate') return (...args: Parameters<Statement['all']>) => stages.in(stage, () => target.all(...args)).values();
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (...args: readonly unknown[]): unknown => stages.in(stage, (): unknown => Reflect.apply(value, target, args)) : value;
    },
  });

/**
 * A database whose transactions, from their begin to the end of their commit, and whose reads outside of them belong to a
 * stage: the work of a group commit lies in between, and is synchronous.
 */
export const timedDatabase = (database: Database, stages: Stages, stage: string): Database => {
  const bracket = (statement: Statement, before: () => void, after: () => void): Statement =>
    new Proxy(statement, {
      get: (target, name) =>
        name !== 'run'
          ? Reflect.get(target, name, target)
          : () => {
              before();
              try {
                return target.run();
              } finally {
                after();
              }
            },
    });
  const none = (): void => undefined;
  return new Proxy(database, {
    get: (target, name) => {
      if (name === 'prepare') {
        return (sql: string) => {
          const statement = target.prepare(sql);
          if (sql.startsWith('BEGIN')) return bracket(statement, () => stages.enter(stage), none);
          if (sql === 'COMMIT') return bracket(statement, none, () => stages.leave());
          return sql.startsWith('SELECT') ? timedStatement(statement, stages, stage) : statement;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
};

/** The handlers of an actor system; `stageOf` names the stage of an actor by its path. */
export const timedHandlers =
  (stages: Stages, stageOf: (path: string) => string | undefined): Interceptor =>
  ({ path }, next) => {
    const stage = stageOf(path);
    return stage === undefined ? next() : stages.in(stage, next);
  };

/** A transport whose handlers of deliveries belong to a stage, up to their first wait. */
export const timedConsumer = (transport: Transport, stages: Stages, stage: string): Transport =>
  new Proxy(transport, {
    get: (target, name) => {
      if (name === 'consume') {
        const consume: Transport['consume'] = (queue, options, handler) => target.consume(queue, options, (delivery) => stages.in(stage, () => handler(delivery)));
        return consume;
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
