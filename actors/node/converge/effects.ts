// What a converge does to the machine, one effect at a time, and its end: of the one under way, and of all that would follow.
import PQueue from 'p-queue';
import type { BegunScript, Projects } from './ports.ts';
import type { ScriptRunner } from '../scripts.ts';

export class Effects {
  readonly #writes = new PQueue({ concurrency: 1 });
  /** Looking changes nothing, so it need not wait until a script has ended. */
  readonly #looks = new PQueue({ concurrency: 1 });
  readonly #stop = new AbortController();

  /** Whether nothing more is to begin. */
  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  add<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#writes.add(() => work(this.#stop.signal));
  }

  look<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#looks.add(() => work(this.#stop.signal));
  }

  /** What others do for it, as far as that is waited for: undefined when nothing more is to begin. */
  unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stop;
    const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    return Promise.race([work, stopped]).finally(() => signal.removeEventListener('abort', stop));
  }

  /** Resolves when nothing is under way any more. */
  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#writes.onIdle(), this.#looks.onIdle()]);
  }
}

/**
 * Ends what an earlier life left of a script. One that had ended well and left its marker is left alone: what goes on of it
 * in the background is meant to. Resolves with how many processes were ended.
 */
export const recover = async (begun: BegunScript | undefined, { projects, scripts }: { readonly projects: Projects; readonly scripts: ScriptRunner }): Promise<number> =>
  begun === undefined || (await projects.endedWell(begun)) ? 0 : scripts.endLeftovers([begun.id]);
