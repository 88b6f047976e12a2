// `jetpack completion`: prints what a shell needs to complete the command line, made from the commands themselves.
import { Argument } from 'commander';
import { ok } from '../protocol/result.ts';
import { loaded } from './command.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { shapeOf, type CommandShape } from './completion/shapes.ts';
import { zshScript } from './completion/zsh.ts';
import { examples } from './examples.ts';
import { wholeProgram } from './parse.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Readonly<Record<string, (shape: CommandShape) => string>>;

type Shell = keyof typeof scripts;

export interface CompletionInvocation {
  readonly command: 'completion';
  readonly shell: Shell;
}

export const completion = loaded<CompletionInvocation>({
  add(program, invoke) {
    program
      .command('completion')
      .summary('print a script that completes the command line in a shell')
      .description('Prints a script for a shell, which then completes commands, options and their values. It calls nothing while you type.')
      .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(scripts)))
      .addHelpText('after', examples('source <(jetpack completion bash)', 'source <(jetpack completion zsh)', 'jetpack completion fish | source'))
      .action((shell: Shell) => invoke({ command: 'completion', shell }));
  },
  async perform({ shell }) {
    return ok({ out: scripts[shell](shapeOf(await wholeProgram())) });
  },
});
