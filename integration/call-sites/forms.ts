// The forms of the command line, each put into a folder of its own as `jetpack`, for a PATH.
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { compileFront, hasCompiler } from '../../cli/front/compile.ts';
import { binFolder } from '../../node/version.ts';

export interface Form {
  readonly form: string;
  /** Whether scripts are run without a daemon too: the front is the Node form then, so its run shows both. */
  readonly alone: boolean;
  /** Makes the folder, with `healthcheck` beside. */
  readonly install: (folder: string) => Promise<void>;
}

const link = (folder: string, program: string, as = program): void => symlinkSync(path.join(binFolder, program), path.join(folder, as));

export const nodeForm: Form = {
  form: 'the Node form',
  alone: false,
  async install(folder) {
    mkdirSync(folder);
    link(folder, 'jetpack-node', 'jetpack');
    link(folder, 'healthcheck');
  },
};

export const front: Form = {
  form: 'the front',
  alone: true,
  async install(folder) {
    mkdirSync(folder);
    const compiled = await compileFront(path.join(folder, 'jetpack'));
    if (compiled.type !== 'compiled') throw new Error(`the front cannot be made: ${compiled.type === 'failed' ? compiled.output : compiled.type}`);
    // What it leaves to Node it looks for beside itself.
    link(folder, 'jetpack-node');
    link(folder, 'healthcheck');
  },
};

/** Whether this machine can have the front; says so when it cannot. */
export const hasFront = async (): Promise<boolean> => {
  if (await hasCompiler()) return true;
  if (process.env['CI'] === 'true') throw new Error('no C compiler (cc) for the front');
  process.stdout.write('left out: call sites by the front, for there is no C compiler (cc)\n');
  return false;
};
