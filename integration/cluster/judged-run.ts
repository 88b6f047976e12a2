// A long run over real programs as a process of its own: options, an interrupt, lines of progress, and a verdict that its exit
// code tells.
import type { Environment } from '../../commands/flags.ts';
import { errors } from '../../protocol/errors.ts';
import type { Result } from '../../protocol/result.ts';

export interface JudgedRun<O> {
  /** As a person types it. */
  readonly program: string;
  readonly help: string;
  parse(argv: readonly string[], env: Environment): Result<O | 'help'>;
  /** Resolves with what is wrong, a line each; none when all is well. */
  run(options: O, interrupt: AbortSignal, say: (line: string) => void): Promise<readonly string[]>;
}

const judged = async <O>(run: JudgedRun<O>, options: O): Promise<number> => {
  const complain = (line: string): void => void process.stderr.write(`${run.program}: ${line}\n`);
  const interrupt = new AbortController();
  // The second one ends it at once, with nothing put away.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt.abort());
  try {
    const wrong = await run.run(options, interrupt.signal, (line) => void process.stdout.write(`${line}\n`));
    for (const line of wrong) complain(line);
    return wrong.length === 0 ? 0 : 1;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
};

/** Ends the process when there was a run. */
export const runJudged = async <O>(run: JudgedRun<O>): Promise<void> => {
  const options = run.parse(process.argv.slice(2), process.env);
  if (!options.ok) {
    process.stderr.write(`${options.error.message}\n`);
    process.exitCode = errors[options.error.code].exit;
  } else if (options.value === 'help') process.stdout.write(run.help);
  else {
    // What was interrupted may still wait for something that will not come any more.
    process.exit(await judged(run, options.value));
  }
};
