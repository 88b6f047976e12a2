// `npm run build -- DIR`: all programs as they are installed, in DIR: jetpack, jetpackd, cycle-server.
import path from 'node:path';
import { buildPrograms } from './programs.ts';

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined || rest.length > 0) {
  process.stderr.write('usage: npm run build -- DIR\n');
  process.exit(2);
}
const bin = path.join(path.resolve(folder), 'bin');
const { jetpack, nodeForm, withoutFront } = await buildPrograms(path.resolve(folder));
process.stdout.write(withoutFront === undefined ? `${jetpack} asks jetpackd, ${nodeForm} does the rest\n` : `${jetpack} runs in Node, for ${withoutFront}\n`);
process.stdout.write(`jetpackd, cycle-server and healthcheck are in ${bin} too\n`);
