// All three programs as they are installed, in one folder.
import { buildCommandLine, type CommandLine } from './command-line.ts';
import { buildDaemons } from './daemons.ts';

/** The daemons find the command line beside them. */
export const buildPrograms = async (to: string, node = process.execPath): Promise<CommandLine> => {
  const [commandLine] = await Promise.all([buildCommandLine(to, node), buildDaemons(to, node)]);
  return commandLine;
};
