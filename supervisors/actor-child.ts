// An actor under a supervisor: one incarnation after another at one path.
//
// States: down (no incarnation) → up (start) → ending (it failed, or `end` or `drain` was called) → down. A temporary child
// that is ended, and one whose end is normal, is retired: its path is closed until the whole supervisor is begun anew.
// It never starts an incarnation before the one before has released what it held.
import type { ActorSystem, Crash, Ending, Incarnation } from '../actors/system.ts';
import type { Consequence, RestartCause, SupervisionEvent } from './events.ts';
import { defaultShutdownMs, type ActorSpec } from './spec.ts';
import type { Supervised } from './supervised.ts';

export class ActorChild implements Supervised {
  readonly #system: ActorSystem;
  readonly #path: string;
  readonly #spec: ActorSpec;
  readonly #shutdownMs: number;
  readonly #failed: (crash: Crash) => Consequence;
  readonly #report: (event: SupervisionEvent) => void;
  #incarnation: Incarnation | undefined;
  #ending: Promise<void> | undefined;

  constructor(system: ActorSystem, path: string, spec: ActorSpec, failed: (crash: Crash) => Consequence, report: (event: SupervisionEvent) => void) {
    this.#system = system;
    this.#path = path;
    this.#spec = spec;
    this.#shutdownMs = spec.shutdownMs ?? defaultShutdownMs;
    this.#failed = failed;
    this.#report = report;
  }

  start(cause: 'first' | RestartCause): void {
    if (cause === 'sibling' && this.#spec.restart === 'temporary') {
      this.#retire();
      return;
    }
    this.#ending = undefined;
    this.#incarnation = this.#spec.spawn(this.#system, this.#path, {
      shutdownMs: this.#shutdownMs,
      onCrash: (crash) => this.#crashed(crash),
    });
    if (cause !== 'first') this.#report({ type: 'restarted', path: this.#path, cause });
  }

  end(): Promise<void> {
    return this.#down((incarnation) => incarnation.end());
  }

  async drain(): Promise<void> {
    await this.#down((incarnation) => incarnation.drain());
    this.#retire();
  }

  #crashed(crash: Crash): 'resume' | 'end' {
    const consequence = this.#failed(crash);
    if (consequence === 'resume') return 'resume';
    if (consequence === 'stop') void this.end().then(() => this.#retire());
    return 'end';
  }

  /** Brings the incarnation down and reports how that went, once for all who ask for it. */
  async #down(bring: (incarnation: Incarnation) => Promise<Ending>): Promise<void> {
    const incarnation = this.#incarnation;
    if (incarnation !== undefined) this.#ending ??= bring(incarnation).then((ending) => this.#ended(ending));
    await this.#ending;
  }

  #ended({ failures, forced, releaseTimedOut }: Ending): void {
    this.#incarnation = undefined;
    const at = { path: this.#path, afterMs: this.#shutdownMs };
    if (forced) this.#report({ type: 'forced', ...at });
    for (const error of failures) this.#report({ type: 'endFailed', path: this.#path, error });
    if (releaseTimedOut) this.#report({ type: 'releaseTimedOut', ...at });
  }

  #retire(): void {
    this.#system.close(this.#path);
    this.#report({ type: 'stopped', path: this.#path });
  }
}
