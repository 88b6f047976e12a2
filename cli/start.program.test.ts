// What the Node form loads, as a process: the commands only when they are run there.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
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
