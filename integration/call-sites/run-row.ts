// Runs one call site with one form of the command line, and compares what it gave with what the row asks for.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { watchFor, type Judge } from './effects.ts';
import type { TestNode } from './homes.ts';
import { lockerAddress } from './locker.ts';
import { configWords, handled, plainLookUp, readTree } from './plain.ts';
import { fill, filesFolder, type Effect, type ExpectedOutput, type Places, type Row } from './rows.ts';
import { runProgram, type Observed } from './run-program.ts';

/** A form of the command line, and a node it is called on. */
export interface Surroundings extends Pick<TestNode, 'events' | 'home'> {
  /** A folder with the executables. */
  readonly bin: string;
  readonly env: Readonly<Record<string, string>>;
  /** A folder for files that calls make. */
  readonly root: string;
}

export interface Verdict {
  readonly outcome: 'passed' | 'open' | 'failed';
  /** What is awaited, or everything that is wrong. */
  readonly why: string;
}

const fillEffect = (effect: Effect, places: Places): Effect => {
  if (effect.type !== 'file') return effect;
  const { file, folder } = effect;
  return { ...effect, file: fill(file, places), folder: folder === undefined ? undefined : fill(folder, places) };
};

const fillValue = (value: unknown, places: Places): unknown => (value === undefined ? undefined : JSON.parse(fill(JSON.stringify(value), places)));

const fillOutput = (output: ExpectedOutput, places: Places): ExpectedOutput => {
  switch (output.type) {
    case 'text':
      return { ...output, text: fill(output.text, places) };
    case 'json':
      return { ...output, value: fillValue(output.value, places), text: output.text === undefined ? undefined : fill(output.text, places) };
    case 'pattern':
      return output;
  }
};

/** What the daemon has written under the row's key, as text of a scalar or of an object in JSON. */
const machineOutput = (row: Row, home: string): ExpectedOutput => {
  const { json = false, key = '' } = configWords(row) ?? {};
  const value = plainLookUp(readTree(path.join(home, 'config', 'node.json')), key);
  if (json) return { type: 'json', value, text: `${JSON.stringify(value, null, 4)}\n` };
  return { type: 'text', text: `${String(value)}\n` };
};

const wrongOutput = (expected: ExpectedOutput, stdout: string): string | undefined => {
  const said = JSON.stringify(stdout);
  switch (expected.type) {
    case 'text':
      return stdout === expected.text ? undefined : `standard output is ${said}, not ${JSON.stringify(expected.text)}`;
    case 'pattern':
      return expected.pattern.test(stdout) ? undefined : `standard output is ${said}, which is not like ${expected.pattern}`;
    case 'json': {
      if (expected.text !== undefined && stdout !== expected.text) return `standard output is ${said}, not ${JSON.stringify(expected.text)}`;
      try {
        if (isDeepStrictEqual(JSON.parse(stdout), expected.value)) return undefined;
      } catch {
        return `standard output is ${said}, which is not JSON`;
      }
      return `standard output is ${said}, not ${JSON.stringify(expected.value)}`;
    }
  }
};

const wrongError = (expected: string, stderr: string): string | undefined => {
  const said = JSON.stringify(stderr);
  if (expected === '') return stderr === '' ? undefined : `standard error is ${said}, not empty`;
  return /^[^\n]+\n$/.test(stderr) && stderr.includes(expected) ? undefined : `standard error is ${said}, not one line with ${expected}`;
};

const wrongUse = ({ caller, grep, used }: Row, observed: Observed): string | undefined => {
  if (used === undefined) return undefined;
  const comes = handled(caller, grep, observed);
  return isDeepStrictEqual(comes, used) ? undefined : `its caller makes ${JSON.stringify(comes)} of it, not ${JSON.stringify(used)}`;
};

/** Everything that is wrong, the exit code first. */
const flawsOf = async (row: Row, observed: Observed, judge: Judge | undefined): Promise<readonly string[]> => {
  const flaws: Array<string | undefined> = [observed.exit === row.exit ? undefined : `exit code ${observed.exit}, not ${row.exit}`, wrongOutput(row.output, observed.stdout), wrongError(row.stderr, observed.stderr), wrongUse(row, observed)];
  // A call that failed is not waited for.
  if (observed.exit === row.exit) flaws.push(await judge?.(observed));
  return flaws.filter((flaw) => flaw !== undefined);
};

/** A daemon on a busy machine may take longer than a script is let wait: the message is safe then, and a line says so. */
const isLate = ({ stderr }: Observed): boolean => stderr.includes('jetpackd does not answer: the message waits in');

/** How often a call is made anew for that. */
const calls = 5;

export const runRow = async (row: Row, { bin, env, events, home, root: folder }: Surroundings): Promise<Verdict> => {
  if (row.open !== undefined) return { outcome: 'open', why: row.open };
  // No row finds what another left.
  const root = path.join(folder, String(row.row));
  const places = { home, files: filesFolder, locker: lockerAddress, root, work: path.join(root, 'work') };
  for (const each of [places.work, path.join(root, 'var/log/azure')]) mkdirSync(each, { recursive: true });
  const effect = row.effect === undefined ? undefined : fillEffect(row.effect, places);
  if (effect?.type === 'file') mkdirSync(effect.folder ?? path.dirname(effect.file), { recursive: true });
  const [program = '', ...argv] = row.argv.map((word) => fill(word, places));
  const judge = effect === undefined ? undefined : await watchFor(effect, { events, home });
  const call = (): Promise<Observed> => runProgram(path.join(bin, program), argv, { folder: places.work, env: { ...env, JETPACK_HOME: home, ...row.environment } });
  try {
    let observed = await call();
    for (let again = 0; again < calls && isLate(observed); again += 1) observed = await call();
    // The machine's own values are looked up after the call, for what the daemon writes meanwhile is as good; of them the caller
    // makes what it likes.
    const expected = row.machine && events !== undefined ? { ...row, output: machineOutput(row, home), used: undefined } : { ...row, output: fillOutput(row.output, places), used: fillValue(row.used, places) };
    const flaws = await flawsOf(expected, observed, judge);
    return flaws.length === 0 ? { outcome: 'passed', why: '' } : { outcome: 'failed', why: flaws.join('; ') };
  } catch (error) {
    return { outcome: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
};
