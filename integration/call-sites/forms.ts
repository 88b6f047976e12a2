// The forms of the command line, each put into a folder of its own as `jetpack`, for a PATH.
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { compileFront, hasCompiler } from '../../cli/front/compile.ts';
import { binFolder } from '../../node/version.ts';

export interface Form {
  readonly form: string;
  /** Makes the folder, with `healthcheck` beside. */
  readonly install: (folder: string) => Promise<void>;
}

const link = (folder: string, program: string, as = program): void => symlinkSync(path.join(binFolder, program), path.join(folder, as));

const nodeForm: Form = {
  form: 'the Node form',
  async install(folder) {
    mkdirSync(folder);
    link(folder, 'jetpack-node', 'jetpack');
    link(folder, 'healthcheck');
  },
};

const front: Form = {
  form: 'the front',
  async install(folder) {
    mkdirSync(folder);
    const compiled = await compileFront(path.join(folder, 'jetpack'));
    if (compiled.type !== 'compiled') throw new Error(`the front cannot be made: ${compiled.type === 'failed' ? compiled.output : compiled.type}`);
    // What it leaves to Node it looks for beside itself.
    link(folder, 'jetpack-node');
    link(folder, 'healthcheck');
  },
};

/** Those that this machine can have; says so when one is left out. */
export const formsAtHand = async (): Promise<readonly Form[]> => {
  if (await hasCompiler()) return [nodeForm, front];
  if (process.env['CI'] === 'true') throw new Error('no C compiler (cc) for the front');
  process.stdout.write('left out: call sites by the front, for there is no C compiler (cc)\n');
  return [nodeForm];
};
