// What a command line comes to, as a person or a script sees it.
import { sayFailure } from '../line.ts';
import { parseCommandLine } from '../parse.ts';

/** Help, the line of a refusal, or what is to be done. */
export const readAs = async (argv: readonly string[], version: string): Promise<unknown> => {
  const parsed = await parseCommandLine(argv, version);
  switch (parsed.type) {
    case 'text':
      return parsed.text;
    case 'refused':
      return sayFailure(parsed.command, parsed.failure);
    case 'invoked':
      return parsed.home === undefined ? parsed.work.invocation : { home: parsed.home, ...(parsed.work.invocation as object) };
  }
};

export const see = (...argv: readonly string[]): Promise<unknown> => readAs(argv, '0.1.0-7');

/** What is to be done for `jetpack log`. */
export const log = (message: string, level: string, priority: string): Readonly<Record<string, unknown>> => ({ command: 'log', message, level, priority });
