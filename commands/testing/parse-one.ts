// What a command line of one command comes to, for tests: its invocation, a refusal, or what commander says.
import { Command, CommanderError } from 'commander';
import type { Failure } from '../../protocol/result.ts';
import type { LoadedCommand } from '../command.ts';

export const parseOne = (command: LoadedCommand, ...argv: readonly string[]): unknown => {
  const outcomes: unknown[] = [];
  const program = new Command('jetpack').exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  command.add(program, ({ invocation }) => outcomes.push(invocation), (failure: Failure) => outcomes.push(failure));
  const quiet = (parent: Command): void => {
    for (const one of parent.commands) quiet(one.exitOverride());
  };
  quiet(program);
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
  if (outcomes.length !== 1) throw new Error(`a command line came to ${outcomes.length} outcomes`);
  return outcomes[0];
};
