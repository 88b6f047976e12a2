// A program that says three megabytes on standard error, then that it lives, and one word more for each line it is told.
import { createInterface } from 'node:readline';
import { standardError } from '../standard-error.ts';

const sink = standardError({ gap: (lines) => `lost ${lines}\n` });
for (let index = 0; index < 30_000; index += 1) sink.write(`${String(index).padStart(99, '0')}\n`);
process.stdout.write('alive\n');
createInterface({ input: process.stdin }).on('line', (line) => sink.write(`${line}\n`));
