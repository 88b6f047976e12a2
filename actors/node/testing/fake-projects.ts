// Projects and a script runner for tests of converge: scripts are names, markers a map, and each run ends as the test says.
import { ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { BegunScript, ConvergeStep, Projects, Synced } from '../converge/ports.ts';
import type { ScriptJob, ScriptResult, ScriptRunner } from '../scripts.ts';

export const exited = (code: number, more: Partial<ScriptResult> = {}): ScriptResult => ({
  ending: { type: 'exited', code },
  tail: '',
  bytes: 0,
  durationMs: 1,
  warnings: [],
  ...more,
});

export class FakeProjects implements Projects {
  /** `spec script`, in order. */
  scripts: readonly string[];
  warnings: readonly string[] = [];
  /** What the next sync and every plan answer instead. */
  failure: Failure | undefined;
  /** What marking answers instead. */
  markFailure: Failure | undefined;
  /** Kept over lives of the daemon. By `spec script`. */
  readonly markers = new Map<string, { readonly run: string; readonly job: string }>();
  /** Each sync waits for it. */
  gate: Promise<unknown> = Promise.resolve();
  syncs = 0;
  /** How often the copies in the home were taken as they are. */
  kepts = 0;
  /** What each sync was asked for, in order. */
  readonly specs: unknown[] = [];

  constructor(scripts: readonly string[]) {
    this.scripts = scripts;
  }

  async sync(specs: unknown, _locker: unknown, signal: AbortSignal): Promise<Result<Synced>> {
    this.syncs += 1;
    this.specs.push(specs);
    await this.gate;
    signal.throwIfAborted();
    return this.plan();
  }

  async kept(): Promise<Result<Synced>> {
    this.kepts += 1;
    return this.plan();
  }

  async plan(): Promise<Result<Synced>> {
    if (this.failure !== undefined) return { ok: false, error: this.failure };
    return ok({ steps: this.scripts.map((name) => this.#step(name)), warnings: this.warnings });
  }

  async mark({ script, spec }: ConvergeStep, by: { readonly run: string; readonly job: string }): Promise<Result<void>> {
    if (this.markFailure !== undefined) return { ok: false, error: this.markFailure };
    this.markers.set(`${spec} ${script}`, by);
    return ok(undefined);
  }

  async endedWell({ id, script, spec }: BegunScript): Promise<boolean> {
    return this.markers.get(`${spec} ${script}`)?.job === id;
  }

  #step(name: string): ConvergeStep {
    const [spec = '', script = ''] = name.split(' ');
    const marker = this.markers.get(name);
    const specPath = `/home/cluster-init/demo/${spec}`;
    return {
      project: 'demo',
      version: '1.0.0',
      spec,
      script,
      sha256: 'hash',
      standing: marker === undefined ? 'will run' : 'has run',
      ranIn: marker?.run,
      file: `${specPath}/scripts/${script}`,
      folder: `${specPath}/scripts`,
      projectPath: '/home/cluster-init/demo',
      specPath,
      log: `/home/logs/cluster-init/demo/${spec}/scripts/${script}.out`,
    };
  }
}

/** Scripts end at once as `results` says by name, well when it says nothing; those in `held` when they are let go or ended. */
export class FakeScripts implements ScriptRunner {
  readonly jobs: ScriptJob[] = [];
  readonly results = new Map<string, ScriptResult>();
  readonly held = new Map<string, PromiseWithResolvers<ScriptResult>>();
  readonly leftoversEnded: string[] = [];
  leftovers = 0;
  /** What asking for strace comes to. */
  tracing: Result<void> = ok(undefined);
  /** Most at a time. */
  most = 0;
  #running = 0;

  get ran(): readonly string[] {
    return this.jobs.map(({ file }) => nameOf(file));
  }

  hold(name: string): PromiseWithResolvers<ScriptResult> {
    const held = Promise.withResolvers<ScriptResult>();
    this.held.set(name, held);
    return held;
  }

  async run(job: ScriptJob): Promise<ScriptResult> {
    this.jobs.push(job);
    this.#running += 1;
    this.most = Math.max(this.most, this.#running);
    const held = this.held.get(nameOf(job.file));
    job.signal?.addEventListener('abort', () => held?.resolve({ ...exited(0), ending: { type: 'aborted' } }));
    const result = (await held?.promise) ?? this.results.get(nameOf(job.file)) ?? exited(0);
    this.#running -= 1;
    return result;
  }

  async mayTrace(): Promise<Result<void>> {
    return this.tracing;
  }

  async endLeftovers(ids: readonly string[]): Promise<number> {
    this.leftoversEnded.push(...ids);
    return this.leftovers;
  }
}

const nameOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
