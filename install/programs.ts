// All three programs as they are installed, in one folder.
import type { Result } from '../protocol/result.ts';
import { buildCommandLine, type CommandLine } from './command-line.ts';
import { buildDaemons } from './daemons.ts';

/** Fails as `buildCommandLine` does. The daemons find the command line beside them. */
export const buildPrograms = async (to: string, node = process.execPath): Promise<Result<CommandLine>> => {
  const [commandLine] = await Promise.all([buildCommandLine(to, node), buildDaemons(to, node)]);
  return commandLine;
};
