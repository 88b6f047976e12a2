// What the Node form loads, as a process: the commands only when they are run there.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemRandom, uuid7 } from '../effects/random.ts';
import { handoverIn } from './handover.ts';
import { TestHome } from './testing/daemon.ts';

let node: TestHome;

beforeEach(() => {
  node = new TestHome();
});

afterEach(() => node.remove());

const listing = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { if (!url.startsWith('node:')) process.stderr.write(url + '\\n'); return next(url, context); } });`;

/** What a run of `log` that ends well has loaded beside Node. */
const loadedBy = async (more: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const env = { PATH: process.env['PATH'], JETPACK_HOME: node.paths.home, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(listing)}`, ...more };
  const { stderr } = await promisify(execFile)(path.resolve(import.meta.dirname, '..', 'bin', 'jetpack-node'), ['log', 'text'], { env });
  return stderr.trim().split('\n');
};

const handover = () => ({ id: uuid7(Date.now(), systemRandom), waitedMs: 0 });

test('a run that the daemon does loads no commands', async () => {
  const requests = await node.daemon();
  const loaded = await loadedBy({});
  expect(loaded).toContainEqual(expect.stringMatching(/\/cli\/start\.ts$/));
  expect(loaded.filter((url) => /\/node_modules\/|\/cli\/(main|node-host)\.ts$|\/commands\/(run|parse|table)\.ts$/.test(url))).toEqual([]);
  expect(requests).toMatchObject([{ verb: 'log', message: 'text' }]);
});

test('a run of the commands without tracing loads neither schemas nor telemetry, which would double its time', async () => {
  const requests = await node.daemon();
  const given = handover();
  const loaded = await loadedBy(handoverIn(given));
  expect(loaded.filter((url) => url.includes('/node_modules/') && !url.includes('/node_modules/commander/'))).toEqual([]);
  expect(loaded.filter((url) => url.includes('/telemetry/'))).toEqual([]);
  expect(loaded).toContainEqual(expect.stringMatching(/\/commands\/run\.ts$/));
  expect(requests).toMatchObject([{ verb: 'log', id: given.id }]);
});

describe('where the working folder is gone', () => {
  /** In a folder that its own script has removed. */
  const run = async (words: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const env = { PATH: process.env['PATH'], JETPACK_HOME: node.paths.home, ...more };
    const script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"';
    const program = path.resolve(import.meta.dirname, '..', 'bin', 'jetpack-node');
    // The shell of the launcher has a line of its own about the folder.
    const told = (code: number, stderr: string) => ({ code, stderr: stderr.replace(/^sh: .*getcwd.*\n/, '') });
    const ran = promisify(execFile)('sh', ['-c', script, path.join(node.home, 'gone'), program, ...words], { env });
    return ran.then(({ stderr }) => told(0, stderr), ({ code, stderr }: { code: number; stderr: string }) => told(code, stderr));
  };

  test('a message is taken, by the daemon that is asked and from the commands in Node', async () => {
    const requests = await node.daemon();
    expect(await run(['log', 'asked'])).toEqual({ code: 0, stderr: '' });
    expect(await run(['log', 'handed over'], handoverIn(handover()))).toEqual({ code: 0, stderr: '' });
    expect(requests).toMatchObject([{ message: 'asked' }, { message: 'handed over' }]);
  });

  test('what starts from there is refused in one line', async () => {
    const home = path.basename(node.paths.home);
    expect(await run(['log', 'text'], { JETPACK_HOME: home })).toEqual({ code: 2, stderr: `jetpack log: '${home}' starts from the working folder, which is gone; see jetpack log --help\n` });
    expect(await run(['download', '--project', 'p', 'blob', 'here'])).toEqual({ code: 2, stderr: expect.stringMatching(/^jetpack download: 'here' starts from the working folder, which is gone; [^\n]*\n$/) });
    expect(await run(['report_issue'])).toEqual({ code: 2, stderr: expect.stringMatching(/^jetpack report_issue: '[^\n]*\.zip' starts from the working folder, which is gone; [^\n]*\n$/) });
  });
});
