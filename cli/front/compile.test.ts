import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileFront } from './compile.ts';
import { isThereFront } from './testing/compiler.ts';

let folder: string;
let program: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'compile-'));
  program = path.join(folder, 'made', 'jetpack');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A compiler that does this. */
const compilerThat = (script: string): string => {
  const file = path.join(folder, 'cc');
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
};

/** Where a program is from before. */
const before = (): void => {
  spawnSync('mkdir', [path.dirname(program)]);
  writeFileSync(program, 'from before');
};

const made = (): readonly string[] => readdirSync(path.dirname(program));

const writes = 'while [ "$1" != -o ]; do shift; done; printf "#!/bin/sh\\nexit 1\\n" > "$2"; chmod +x "$2"';

test('what cannot be compiled leaves what was there, and says why in one line', async () => {
  before();
  const compiler = compilerThat(`${writes}; echo "jetpack.c: no such header" >&2; echo "compilation terminated" >&2; exit 1`);
  expect(await compileFront(program, compiler)).toEqual({ type: 'failed', reason: 'jetpack.c: no such header' });
  expect({ made: made(), holds: readFileSync(program, 'utf8') }).toEqual({ made: ['jetpack'], holds: 'from before' });
});

test.each([['echo "kill -SEGV \\$\\$" >> "$2"'], ['chmod -x "$2"']])('what is compiled and does not run takes the place of nothing: %s', async (spoils) => {
  before();
  const compiler = compilerThat(`${writes.replace('exit 1', 'true')}; ${spoils}`);
  expect(await compileFront(program, compiler)).toEqual({ type: 'failed', reason: 'what the compiler made does not run' });
  expect({ made: made(), holds: readFileSync(program, 'utf8') }).toEqual({ made: ['jetpack'], holds: 'from before' });
});

test('a compiler that says nothing of its failure fails all the same', async () => {
  before();
  expect(await compileFront(program, compilerThat('exit 3'))).toEqual({ type: 'failed', reason: expect.stringMatching(/^[^\n]+$/) });
});

test('a compiler that is not there is none', async () => {
  before();
  expect(await compileFront(program, path.join(folder, 'none'))).toEqual({ type: 'no compiler' });
  expect(readFileSync(program, 'utf8')).toBe('from before');
});

if (await isThereFront()) {
  test('the compiler that is there has nothing to say against the front, whatever its distribution or whoever calls it makes it do', async () => {
    before();
    for (const [before, after] of [['', ''], ['', '-O3'], ['', '-O0'], ['-D_FORTIFY_SOURCE=2 -fPIE -pie -fstack-protector-strong -fcf-protection', '']]) {
      expect(await compileFront(program, compilerThat(`exec cc -Wall -Wextra -Werror ${before} "$@" ${after}`))).toEqual({ type: 'compiled' });
      expect(spawnSync(program, ['log'], { env: { JETPACK_HOME: folder } }).stderr.toString()).toMatch(/^jetpack: jetpackd does not answer, and \S+jetpack-node cannot be run \(it is not there\)\n$/);
    }
  });
}
