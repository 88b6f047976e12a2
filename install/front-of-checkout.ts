// The front of a checkout, run by scripts/front.mjs: `front-of-checkout.ts FOLDER WHAT`. WHAT stands for the sources, and is noted
// once they were compiled, or cannot be.
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { compileFront } from '../cli/front/compile.ts';
import { systemCode } from '../node/home/system-error.ts';

const [folder = '', madeFrom = ''] = process.argv.slice(2);
const bin = path.resolve(import.meta.dirname, '..', 'bin');

/** Of this process alone: another may do the same at the same time. */
const temporary = (name: string): string => path.join(folder, `${name}.${process.pid}`);

/** Puts it in place in one step. */
const place = (name: string): Promise<void> => rename(temporary(name), path.join(folder, name));

const say = (why: string): boolean => process.stderr.write(`jetpack: the front ${why}, so bin/jetpack runs in Node\n`);

const make = async (): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const compiled = await compileFront(temporary('jetpack'));
  if (compiled.type === 'compiled') {
    // The front looks for the Node form beside itself.
    await symlink(path.relative(folder, path.join(bin, 'jetpack-node')), temporary('jetpack-node'));
    await place('jetpack-node');
    await place('jetpack');
  } else {
    await rm(temporary('jetpack'), { force: true });
    if (compiled.type === 'failed') say('cannot be compiled here');
  }
  await writeFile(temporary('made-from'), madeFrom);
  await place('made-from');
};

await make().catch((error: unknown) => say(`cannot be put into ${folder} (${systemCode(error)})`));
