import { hasCompiler } from '../compile.ts';

/** Whether the front can be tried here. Where nothing may be left out, its absence is a failure. */
export const isThereFront = async (): Promise<boolean> => {
  if (await hasCompiler()) return true;
  if (process.env['CI'] === 'true') throw new Error('no C compiler (cc) for the front');
  process.stdout.write('left out: the front, for there is no C compiler (cc)\n');
  return false;
};
