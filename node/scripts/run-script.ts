// Runs somebody's script, and trusts it with nothing: neither to end, nor to end what it started, nor to stop writing.
//
// A run: `starting` -> `running` -> ended by itself, or `ending` (its time is up, or it was aborted) -> over. While it runs, its
// output is read as fast as it comes and kept as far as the bounds go. A run that ends by itself is over at once; what it left behind
// is ended, or goes on, as the job says. Output that still comes then is read for a moment, and never waited for longer, whoever
// writes it. It never runs a shell of its own around a script, never passes the daemon's environment on, and always comes to an end.
import { spawn, type ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ScriptEnding, ScriptJob, ScriptResult, ScriptRunner } from '../../actors/node/scripts.ts';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { fail, ok } from '../../protocol/result.ts';
import { systemCode } from '../home/system-error.ts';
import { openChannel, readOn } from './channel.ts';
import { findCommand, type Command } from './command.ts';
import { defaultGraceMs, endProcesses, killProcesses, type Target } from './end-processes.ts';
import { scriptEnvironment, type Environment } from './environment.ts';
import { openOutputFile } from './output-file.ts';
import { findProcesses, groupOf, leaderOf } from './processes.ts';
import { beginStrace, findStrace, tryStrace } from './strace.ts';
import { Tail } from './tail.ts';

export interface ScriptRunnerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The daemon's own. */
  readonly env: Environment;
  /** From the request to end to the end, default 5 s. */
  readonly graceMs?: number;
}

/** The PATH where the daemon has none. */
const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Exit = Extract<ScriptEnding, { type: 'exited' | 'signalled' | 'unstartable' }>;
type Stop = Extract<ScriptEnding, { type: 'timedOut' | 'aborted' }>;

interface Ended {
  readonly ending: ScriptEnding;
  readonly warnings: readonly string[];
}

const unstartable = (reason: string): Extract<ScriptEnding, { type: 'unstartable' }> => ({ type: 'unstartable', reason });

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? { type: 'exited', code: code ?? 0 } : { type: 'signalled', signal }));
    child.once('error', (error) => resolve(unstartable(`could not be started (${systemCode(error)})`)));
  });

/** Resolves when the run has to end. `cancel` frees what waits for that. */
const stopOf = (job: ScriptJob, clock: Clock): { readonly due: Promise<Stop>; readonly cancel: () => void } => {
  const { promise: due, resolve } = Promise.withResolvers<Stop>();
  const abort = (): void => resolve({ type: 'aborted' });
  const cancelTimer = clock.after(job.timeoutMs, () => resolve({ type: 'timedOut', afterMs: job.timeoutMs }));
  job.signal?.addEventListener('abort', abort, { once: true });
  if (job.signal?.aborted === true) abort();
  return {
    due,
    cancel() {
      cancelTimer();
      job.signal?.removeEventListener('abort', abort);
    },
  };
};

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (status) => status.isDirectory(),
    () => false,
  );

const counted = (count: number): string => (count === 1 ? 'a process' : `${count} processes`);

export const createScriptRunner = ({ clock, logger, env, graceMs = defaultGraceMs }: ScriptRunnerPorts): ScriptRunner => {
  /** Sees a started script to its end. */
  const attend = async (job: ScriptJob, exit: Promise<Exit>, target: Target): Promise<Ended> => {
    const stop = stopOf(job, clock);
    const first = await Promise.race([exit, stop.due]);
    stop.cancel();
    if (first.type === 'unstartable') return { ending: first, warnings: [] };
    if (first.type === 'timedOut' || first.type === 'aborted') {
      const { left } = await endProcesses(target, clock, graceMs);
      return { ending: first, warnings: left === 0 ? [] : [`could not be ended: ${counted(left)} of it still there, not even SIGKILL helped`] };
    }
    if (job.keepsBackground) return { ending: first, warnings: [] };
    const { found } = await killProcesses(target, clock);
    return { ending: first, warnings: found === 0 ? [] : [`left ${counted(found)} running: ended with it`] };
  };

  const runCommand = async (job: ScriptJob, command: Extract<Command, { ok: true }>, environment: Record<string, string>, take: (chunk: Buffer) => void): Promise<Ended> => {
    const channel = await openChannel();
    let child: ChildProcess | undefined;
    let keeping = true;
    let read = 0;
    try {
      child = spawn(command.program, command.arguments, { cwd: job.cwd, env: environment, detached: true, stdio: ['ignore', ...channel.outputs] });
    } catch (error) {
      channel.attach(undefined, () => undefined).stop();
      return { ending: unstartable(`could not be started (${systemCode(error)})`), warnings: [] };
    }
    const exit = exitOf(child);
    const leader = child.pid === undefined ? undefined : leaderOf(child.pid);
    const reading = channel.attach(child, (chunk) => {
      read += chunk.length;
      if (keeping) take(chunk);
    });
    const { ending, warnings } = await attend(job, exit, { find: () => findProcesses([job.id], leader), group: () => leader && groupOf(leader) });
    const complete = await readOn(clock, reading.ended, () => read);
    keeping = false;
    const goesOn = !complete && job.keepsBackground && (ending.type === 'exited' || ending.type === 'signalled');
    if (goesOn) reading.letGo();
    else reading.stop();
    const left = goesOn ? ['left something running that still has its output: what that writes from now on is thrown away'] : [];
    return { ending, warnings: [...command.warnings, ...warnings, ...left] };
  };

  const runStarted = async (job: ScriptJob, environment: Record<string, string>, take: (chunk: Buffer) => void): Promise<Ended> => {
    const searched = environment['PATH'] ?? standardPath;
    const found = await findCommand(job.file, job.arguments ?? [], searched);
    if (!found.ok) return { ending: unstartable(found.reason), warnings: [] };
    if (!(await isFolder(job.cwd))) return { ending: unstartable(`cannot run in ${job.cwd}, which is no folder`), warnings: [] };
    if (job.strace === undefined) return runCommand(job, found, environment, take);
    const strace = await beginStrace(found, job.strace, searched, clock);
    if (typeof strace === 'string') return { ending: unstartable(strace), warnings: [] };
    const { ending, warnings } = await runCommand(job, strace.command, environment, take);
    return { ending, warnings: [...warnings, ...(await strace.end())] };
  };

  const run = async (job: ScriptJob): Promise<ScriptResult> => {
    const began = clock.monotonic();
    const tail = new Tail();
    let bytes = 0;
    const result = (ending: ScriptEnding, warnings: readonly string[]): ScriptResult => ({
      ending,
      tail: tail.text(),
      bytes,
      durationMs: Math.round(clock.monotonic() - began),
      warnings,
    });
    if (job.signal?.aborted === true) return result({ type: 'aborted' }, []);
    const output = await openOutputFile(job.output, clock);
    try {
      const take = (chunk: Buffer): void => {
        bytes += chunk.length;
        tail.take(chunk);
        output.take(chunk);
      };
      const { ending, warnings } = await runStarted(job, scriptEnvironment({ PATH: standardPath, ...env }, job.env, job.id), take);
      return result(ending, [...warnings, ...(await output.close())]);
    } catch (error) {
      logger.error(`running ${path.basename(job.file)} failed: ${String(error)}`, { file: job.file });
      await killProcesses({ find: () => findProcesses([job.id]) }, clock).catch(() => undefined);
      await output.close();
      return result(unstartable('could not be run for an error of jetpackd itself, which its log tells'), []);
    }
  };

  return {
    run,
    async mayTrace() {
      const found = await findStrace(env['PATH'] ?? standardPath);
      if (found === undefined) return fail('tool_missing', 'strace is not installed: it is not on the PATH of jetpackd');
      const refused = await tryStrace(found);
      return refused === undefined ? ok(undefined) : fail('tool_missing', `strace cannot trace here: ${refused}`);
    },
    async endLeftovers(ids) {
      if (ids.length === 0) return 0;
      const { found, left } = await endProcesses({ find: () => findProcesses(ids) }, clock, graceMs);
      if (left > 0) logger.warn(`${counted(left)} of an earlier run could not be ended`);
      return found;
    },
  };
};
