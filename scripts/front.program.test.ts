// What the bootstrap does about the front, in a project of its own with a compiler on the PATH that notes how it was called.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const sources = ['scripts/front.mjs', 'scripts/install.mjs', 'scripts/child.mjs', 'scripts/lock.mjs', 'cli/front', 'install/front-of-checkout.ts', 'node/home/system-error.ts'];
const repository = path.resolve(import.meta.dirname, '..');

let root: string;

const at = (...names: readonly string[]): string => path.join(root, ...names);

const program = (name: string, script: string): void => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), `#!/bin/sh\n${script}\n`);
  chmodSync(at(name), 0o755);
};

/** Does what `script` says with the file to make as $made. */
const compilerThat = (script: string): void =>
  program('tools/cc', `echo called >> '${at('calls')}'\nwhile [ "$1" != -o ]; do shift; done\nmade=$2\n${script}`);

const makesOne = 'printf "#!/bin/sh\\nexec \\"\\$(/usr/bin/dirname \\"\\$0\\")/jetpack-node\\" front \\"\\$@\\"\\n" > "$made"; /bin/chmod 755 "$made"';

const calls = (): number => (existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n').length : 0);

const ensure = () => {
  const module = JSON.stringify(at('scripts', 'front.mjs'));
  const script = `const { ensureFront } = await import(${module}); await ensureFront(${JSON.stringify(root)});`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { PATH: `${at('tools')}:/nowhere` } });
  return { status, stderr };
};

const quiet = { status: 0, stderr: '' };

/** As a person calls it. */
const jetpack = (...args: readonly string[]): string => spawnSync(at('bin', 'jetpack'), args, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } }).stdout;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'front-of-'));
  for (const source of sources) cpSync(path.join(repository, source), at(source), { recursive: true });
  cpSync(path.join(repository, 'bin', 'jetpack'), at('bin', 'jetpack'));
  program('bin/jetpack-node', 'echo Node form: "$@"');
  mkdirSync(at('node_modules', 'node', 'bin'), { recursive: true });
  symlinkSync(process.execPath, at('node_modules', 'node', 'bin', 'node'));
  writeFileSync(at('package.json'), '{"type": "module"}');
});

afterEach(() => rmSync(root, { recursive: true }));

test('a checkout gets the front where there is a C compiler: bin/jetpack begins with it, and it finds the Node form', () => {
  compilerThat(makesOne);
  expect(jetpack('config')).toBe('Node form: config\n');
  expect(ensure()).toEqual(quiet);
  expect(jetpack('config')).toBe('Node form: front config\n');
});

test('it is compiled once for each change of its source', () => {
  compilerThat(makesOne);
  ensure();
  expect(ensure()).toEqual(quiet);
  expect(calls()).toBe(1);
  appendFileSync(at('cli', 'front', 'jetpack.c'), '/* another */');
  ensure();
  expect(calls()).toBe(2);
});

test('without a compiler there is none, also none of other sources, and it is made when one is installed', () => {
  expect(ensure()).toEqual(quiet);
  expect(jetpack('config')).toBe('Node form: config\n');
  compilerThat(makesOne);
  ensure();
  expect(jetpack('config')).toBe('Node form: front config\n');
  appendFileSync(at('cli', 'front', 'jetpack.c'), '/* another */');
  rmSync(at('tools', 'cc'));
  expect(ensure()).toEqual(quiet);
  expect(jetpack('config')).toBe('Node form: config\n');
});

test('a compiler that cannot make it is said so once, and is no reason for a task not to run', () => {
  compilerThat('echo no static library >&2; exit 1');
  expect(ensure()).toEqual({ status: 0, stderr: 'jetpack: the front cannot be compiled here, so bin/jetpack runs in Node\n' });
  const tried = calls();
  expect(ensure()).toEqual(quiet);
  expect(calls()).toBe(tried);
  expect(jetpack('config')).toBe('Node form: config\n');
});

test('a checkout where nothing can be written has none, in one line', () => {
  compilerThat(makesOne);
  writeFileSync(at('.state'), 'in the way');
  expect(ensure()).toEqual({ status: 0, stderr: `jetpack: the front cannot be put into ${at('.state', 'front')} (ENOTDIR), so bin/jetpack runs in Node\n` });
});
