// Keeps .state/front/jetpack what cli/front/ says, for bin/jetpack of a checkout, which begins with it where it is. Without a C
// compiler there is none, and bin/jetpack runs in Node: that is never a reason for a task not to run.
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runChild } from './child.mjs';
import { projectNode } from './install.mjs';

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

const isThere = (program) =>
  (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/**
 * One call of the compiler for each change of the sources, whether they can be compiled or not.
 * @param {string} root the folder of package.json
 */
export const ensureFront = async (root) => {
  const sources = ['jetpack.c', 'bare.h', 'compile.ts'].map((name) => read(path.join(root, 'cli', 'front', name)));
  const wanted = createHash('sha256').update(JSON.stringify(sources)).digest('hex');
  const folder = path.join(root, '.state', 'front');
  if (read(path.join(folder, 'made-from')) === wanted) return;
  try {
    // What other sources made would be as wrong as nothing.
    rmSync(path.join(folder, 'jetpack'), { force: true });
  } catch {
    // Where nothing can be written, nothing was.
  }
  const program = path.join(root, 'install', 'front-of-checkout.ts');
  if (isThere('cc') && existsSync(program)) await runChild(projectNode(root), [program, folder, wanted], { cwd: root }).catch(() => undefined);
};
