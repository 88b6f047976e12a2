// Real processes of this repository: servers and daemons started through their launchers, killed and stopped by pid. In a run of jest
// they are the programs as they are installed (built.ts), else the sources.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

const root = path.resolve(import.meta.dirname, '../..');

/** The folder of the installed programs. */
export const programsVariable = 'JETPACK_TEST_PROGRAMS';

/** Set before the workers of a run begin. */
const installed = process.env[programsVariable];

const launcherOf = (program: string): string => path.join(installed ?? root, 'bin', program);

/** Where bin/jetpack has it too. */
const cacheOfSources = path.join(root, 'node_modules', '.cache', 'jetpack');

/** What Node made of installed programs: it goes with them. */
export const cacheIn = (programs: string): string => path.join(programs, 'cache');

const cacheOfPrograms = installed === undefined ? cacheOfSources : cacheIn(installed);

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Running {
  readonly pid: number;
  /** The first line on standard output: what the program says when it serves. Rejects when it ends before. */
  readonly serving: Promise<string>;
  /** Resolves when it is gone and all it wrote has been read. */
  readonly ended: Promise<Ended>;
  /** What it wrote to standard output, and to standard error: the last 64 KiB. */
  stdout(): string;
  stderr(): string;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<Ended>;
  /** SIGTERM, and waits until it has ended. */
  stop(): Promise<Ended>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
}

const kept = 65_536;

const over = (child: ChildProcess): Running => {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] = (written[name] + text).slice(-kept);
    });
  }
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  }));
  const serving = new Promise<string>((resolve, reject) => {
    if (child.stdout === null) throw new Error('no standard output');
    createInterface({ input: child.stdout }).once('line', resolve);
    void ended.then(({ code, signal }) => reject(new Error(`ended before it served (code ${code}, signal ${signal}): ${written.stderr}`)));
  });
  // A caller that only waits for the end must not be told of a start that failed a second time.
  serving.catch(() => undefined);
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return ended;
  };
  return {
    pid: child.pid ?? -1,
    serving,
    ended,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
};

/** Nothing of this environment but what a program needs, and no question to the cloud that tests may run in. Node keeps what it made of the sources: half of a start would be reading them anew. */
const environment = (more: Readonly<Record<string, string>>, compileCache = cacheOfPrograms): NodeJS.ProcessEnv => {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), NODE_COMPILE_CACHE: compileCache, JETPACK_METADATA: 'none', ...more };
};

/** Starts one of the launchers in bin/. */
export const startProgram = (program: 'jetpackd' | 'cycle-server', argv: readonly string[], { env = {} }: StartOptions = {}): Running =>
  over(spawn(launcherOf(program), argv, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] }));

/** Starts a script of this repository with the Node that runs this. */
export const startScript = (script: string, argv: readonly string[], { env = {} }: StartOptions = {}): Running =>
  over(spawn(process.execPath, ['--no-warnings', path.join(root, script), ...argv], { env: environment(env, cacheOfSources), stdio: ['ignore', 'pipe', 'pipe'] }));

/** Runs the command line once, to its end. */
export const runJetpack = async (
  argv: readonly string[],
  { env = {}, input = '' }: StartOptions & { readonly input?: string } = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  const child = spawn(launcherOf('jetpack'), argv, { env: environment(env), stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
};

/** Whether there is such a process, other than one that has ended and that nobody has looked after. */
export const isRunning = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0] !== 'Z';
  } catch {
    // Gone, maybe between opening and reading.
    return false;
  }
};

/** Ids of processes, which scripts of tests wrote into a file a line each. None while there is no such file. */
export const pidsNoted = (file: string): readonly number[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []);

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    // It has ended meanwhile, or is not ours.
    return '';
  }
};

/** Ends what scripts of killed daemons left running: everything whose node's home is below this folder. */
export const endScriptsBelow = (folder: string): void => {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!environmentOf(pid).includes(`\0JETPACK_HOME=${folder}${path.sep}`)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Gone.
    }
  }
};
