// `npm run build -- DIR`: the three programs as they are installed, in DIR.
import path from 'node:path';
import { buildPrograms } from './programs.ts';

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined || rest.length > 0) {
  process.stderr.write('usage: npm run build -- DIR\n');
  process.exit(2);
}
const built = await buildPrograms(path.resolve(folder));
if (!built.ok) {
  process.stderr.write(`jetpack: ${built.error.message} (${built.error.code})\n`);
  process.exit(1);
}
const { front, jetpack, nodeForm } = built.value;
process.stdout.write(front ? `${jetpack} asks jetpackd, ${nodeForm} does the rest\n` : `${jetpack} runs in Node: no C compiler was found\n`);
