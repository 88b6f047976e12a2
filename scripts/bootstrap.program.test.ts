// The bootstrap as it is run: in a project of its own, with an npm on the PATH that notes how it was called and
// installs a Node, or fails, as the test wants.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

const installsNode = `mkdir -p node_modules/node/bin
ln -sf '${process.execPath}' node_modules/node/bin/node`;

const echoesItsArguments = 'console.log(JSON.stringify(process.argv.slice(2)))';

/** Of all tests, each in a project of its own at the same place: what Node keeps of the sources, it keeps by their names. */
let folder: string;
let root: string;

const file = (name: string): string => path.join(root, name);

const write = (name: string, content: string, mode = 0o644): void => {
  mkdirSync(path.dirname(file(name)), { recursive: true });
  writeFileSync(file(name), content);
  chmodSync(file(name), mode);
};

const npmThat = (script: string, ping = 'exit 0'): void => {
  write('tools/npm', `#!/bin/sh\nif [ "$1" = ping ]; then ${ping}; fi\necho "$@" >> npm-calls\n${script}\n`, 0o755);
};

const npmCalls = (): string[] => (existsSync(file('npm-calls')) ? readFileSync(file('npm-calls'), 'utf8').trim().split('\n') : []);

const manifest = (more: object = {}): void => write('package.json', JSON.stringify({ dependencies: { a: '1.0.0' }, ...more }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const launch = (args: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess =>
  spawn(process.execPath, [file('scripts/bootstrap.mjs'), ...args], {
    cwd: tmpdir(),
    env: { PATH: `${file('node_modules/.bin')}:${file('tools')}:/usr/bin:/bin`, NODE_COMPILE_CACHE: path.join(folder, 'compiled'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const ended = async (child: ChildProcess): Promise<Ended> => {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
};

const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> => ended(launch(args, environment));

/** Resolves when the child has written `text` to a stream. */
const says = async (stream: NodeJS.ReadableStream | null, text: string): Promise<void> => {
  if (stream === null) throw new Error('the child has no such stream');
  let seen = '';
  while (!seen.includes(text)) {
    const [data] = (await once(stream, 'data')) as [Buffer];
    seen += data.toString();
  }
};

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bootstrap-'));
  root = path.join(folder, 'project');
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  for (const name of ['bootstrap', 'child', 'front', 'install', 'lock']) cpSync(path.join(import.meta.dirname, `${name}.mjs`), file(`scripts/${name}.mjs`));
  manifest();
  write('package-lock.json', '{}');
  write('bench/main.ts', echoesItsArguments);
  npmThat(installsNode);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the bootstrap', () => {
  test('installs what is missing, says so in one line, and runs the task with its arguments', async () => {
    const { code, stdout, stderr } = await run(['bench', 'actors', '--rounds', '5']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '["actors","--rounds","5"]\n' });
    expect(stderr).toMatch(/^jetpack: installing packages \(.*\)\n$/);
    expect(npmCalls()).toEqual(['ci --include=dev --no-audit --no-fund --loglevel=notice']);
  });

  test('installs nothing and says nothing while everything is as it was', async () => {
    await run(['bench']);
    expect(await run(['bench'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect(npmCalls()).toHaveLength(1);
  });

  test.each([
    ['the lock file changed', () => write('package-lock.json', '{"lockfileVersion":3}')],
    ['a dependency changed', () => manifest({ dependencies: { a: '2.0.0' } })],
    ["npm's settings changed", () => write('.npmrc', 'omit-lockfile-registry-resolved=true\n')],
    ['its Node is gone', () => rmSync(file('node_modules/node'), { recursive: true })],
    ['its record is gone', () => rmSync(file('node_modules/.jetpack-lock-hash'))],
  ])('installs again when %s', async (_, change) => {
    await run(['bench']);
    change();
    expect((await run(['bench'])).code).toBe(0);
    expect(npmCalls()).toHaveLength(2);
  });

  test('does not install again for a new script or version in package.json', async () => {
    await run(['bench']);
    manifest({ version: '2.0.0', scripts: { more: 'true' } });
    await run(['bench']);
    expect(npmCalls()).toHaveLength(1);
  });

  test('installs by a lock file that is not complete for every system, and leaves it as it is', async () => {
    npmThat(`if [ "$1" = ci ]; then echo 'npm error code EUSAGE' >&2; exit 1; fi\n${installsNode}`);
    expect((await run(['bench'])).code).toBe(0);
    expect(npmCalls().map((call) => call.split(' --include')[0])).toEqual(['ci', 'install --no-save']);
  });

  test('installs from the cache of npm when the registry is out of reach', async () => {
    npmThat(installsNode, 'echo "npm error code ENOTFOUND" >&2; exit 1');
    expect((await run(['bench'])).code).toBe(0);
    expect(npmCalls()).toEqual(['ci --include=dev --no-audit --no-fund --loglevel=notice --offline']);
  });

  test('takes any answer of the registry for its presence', async () => {
    npmThat(installsNode, 'echo "npm error code E404" >&2; exit 1');
    expect((await run(['bench'])).code).toBe(0);
    expect(npmCalls()[0]).not.toContain('--offline');
  });

  test('does not let npm run with the Node that it replaces', async () => {
    npmThat(`${installsNode}\necho "$PATH"`);
    await run(['bench']);
    expect(readFileSync(file('.state/install.log'), 'utf8')).toBe(`${file('tools')}:/usr/bin:/bin\n`);
  });

  test("gives the task's exit code", async () => {
    write('bench/main.ts', 'process.exitCode = 7');
    expect((await run(['bench'])).code).toBe(7);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('passes %s on and ends as the task does', async (signal, code) => {
    write('bench/main.ts', `process.on('SIGTERM', () => process.exit(143)); process.on('SIGINT', () => process.exit(130)); console.log('up'); setInterval(() => {}, 1000);`);
    const child = launch(['bench'], {});
    const end = ended(child);
    await says(child.stdout, 'up');
    child.kill(signal);
    expect((await end).code).toBe(code);
  });

  test.each([
    ['no', []],
    ['an unknown', ['deploy']],
    ['an inherited', ['constructor']],
  ])('answers %s task with the ones there are, and installs nothing', async (_, args) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^jetpack: unknown task .*: give one of start, test, test:integration, crash, chaos, bench, build\n$/);
    expect(npmCalls()).toEqual([]);
  });
});

describe('an install that cannot succeed ends with one line', () => {
  const line = async (environment: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { code, stdout, stderr } = await run(['bench'], environment);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [first, second, ...more] = stderr.split('\n');
    expect({ first, more }).toEqual({ first: expect.stringContaining('installing packages'), more: [''] });
    return second ?? '';
  };

  test('that names the network when the registry is out of reach and the cache not enough', async () => {
    npmThat('echo "npm error code ENOTCACHED" >&2\nexit 1', 'echo "npm error code EAI_AGAIN" >&2; exit 1');
    expect(await line()).toBe(
      `jetpack: npm ci failed with exit code 1: the npm registry cannot be reached (EAI_AGAIN): check the network and npm's proxy settings; its output is in ${file('.state/install.log')}`,
    );
  });

  test("that gives npm's own reason otherwise", async () => {
    npmThat('echo "npm warn EBADENGINE"; echo "npm error code E404" >&2; echo "npm error 404 Not Found - GET a" >&2\nexit 1');
    expect(await line()).toContain('npm ci failed with exit code 1: 404 Not Found - GET a; its output is in');
  });

  test('that names the missing Node when install scripts are switched off', async () => {
    npmThat('mkdir -p node_modules/node/bin');
    expect(await line({ npm_config_ignore_scripts: 'true' })).toBe(
      `jetpack: Node 24 is missing at ${file('node_modules/node/bin/node')}: npm did not run the install script of the package "node" (ignore-scripts is set); allow it, then run: npm rebuild node`,
    );
  });

  test('that names the missing Node when another one came', async () => {
    npmThat('mkdir -p node_modules/node/bin\nprintf "#!/bin/sh\\nexit 1\\n" > node_modules/node/bin/node\nchmod +x node_modules/node/bin/node');
    expect(await line()).toContain('Node 24 is missing at');
  });

  test('when there is no npm', async () => {
    rmSync(file('tools'), { recursive: true });
    expect(await line({ PATH: file('tools') })).toBe('jetpack: npm cannot be started (ENOENT): install npm, or put it on the PATH');
  });

  test('and is tried again the next time', async () => {
    npmThat('exit 1');
    await line();
    npmThat(installsNode);
    expect((await run(['bench'])).code).toBe(0);
  });
});

describe('two at the same time', () => {
  test('install once: the second waits, says for whom, and goes on', async () => {
    npmThat(`touch installing; while [ ! -e go ]; do /bin/sleep 0.05; done\n${installsNode}`);
    const first = launch(['bench'], {});
    const firstEnd = ended(first);
    await says(first.stderr, 'installing packages');
    const second = launch(['bench'], {});
    const secondEnd = ended(second);
    await says(second.stderr, `jetpack: waiting for another install to end (process ${first.pid})\n`);
    write('go', '');
    expect([(await firstEnd).code, (await secondEnd).code]).toEqual([0, 0]);
    expect(npmCalls()).toHaveLength(1);
    expect(readdirSync(file('.state'))).toEqual(['install.log']);
  });

  test('a lock of a process that died is taken over, by one of many', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'close');
    write(`.state/install.lock/${dead.pid}`, '');
    const ends = await Promise.all(Array.from({ length: 4 }, () => run(['bench'])));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(npmCalls()).toHaveLength(1);
    expect(readdirSync(file('.state'))).toEqual(['install.log']);
  });
});
