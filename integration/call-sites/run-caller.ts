// Runs one of the scripts in callers/ with one form of the command line on its PATH, and compares what it decides.
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { watchFor, type Judge } from './effects.ts';
import type { Surroundings } from './run-row.ts';
import { filesFolder, isFields, readLines, type Fields } from './rows.ts';
import { runProgram } from './run-program.ts';

/** A line of callers.jsonl. */
export interface Caller {
  readonly file: string;
  /** What of real scripts it stands for. */
  readonly shape: string;
  readonly exit: number;
  readonly stdout: string;
  /** Whether it asks something that only a daemon can answer. */
  readonly daemon: boolean;
  /** Events that it must have brought to the server, in any order. */
  readonly events: readonly Fields[];
}

export const readCallers = (): readonly Caller[] =>
  readLines(path.join(filesFolder, 'callers.jsonl'), (value, wrong) => {
    if (!isFields(value)) return wrong('it is not an object');
    const { daemon = false, events = [], exit, file, shape, stdout } = value;
    if (typeof file !== 'string' || typeof shape !== 'string' || typeof stdout !== 'string') return wrong('"file", "shape" and "stdout" are texts');
    if (typeof exit !== 'number' || typeof daemon !== 'boolean') return wrong('"exit" is a number, and "daemon" true or false');
    if (!Array.isArray(events) || !events.every(isFields)) return wrong('"events" is a list of objects');
    return { file, shape, exit, stdout, daemon, events };
  });

const interpreters: Readonly<Record<string, string>> = { '.sh': 'bash', '.py': 'python3' };

/** What is wrong, one line; undefined when all is as it should be. */
export const runCaller = async ({ events, exit, file, stdout }: Caller, around: Surroundings): Promise<string | undefined> => {
  const { bin, env, home, root } = around;
  const judges: Judge[] = [];
  for (const fields of events) {
    const judge = await watchFor({ type: 'event', fields, says: [] }, around);
    if (judge !== undefined) judges.push(judge);
  }
  const observed = await runProgram(interpreters[path.extname(file)] ?? 'sh', [path.join(filesFolder, 'callers', file)], {
    folder: mkdtempSync(path.join(root, 'caller-')),
    env: { ...env, PATH: `${bin}${path.delimiter}${env['PATH'] ?? ''}`, JETPACK_HOME: home },
  });
  if (observed.exit !== exit || observed.stdout !== stdout) {
    return `exit code ${observed.exit}, not ${exit}, or it decided ${JSON.stringify(observed.stdout)}, not ${JSON.stringify(stdout)}; standard error: ${JSON.stringify(observed.stderr)}`;
  }
  const missing = await Promise.all(judges.map((judge) => judge(observed)));
  return missing.find((what) => what !== undefined);
};
