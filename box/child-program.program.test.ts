import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startChild, type ChildProgram } from './child-program.ts';

let folder: string;
let child: ChildProgram;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'box-child-'));
});
afterEach(async () => {
  await child.stop();
  rmSync(folder, { recursive: true });
});

// Nothing listens on port 1, and a daemon serves its sockets all the same.
const nowhere = 'amqp://127.0.0.1:1';
const log = (): string => path.join(folder, 'logs', 'daemon.log');
const daemon = (...argv: readonly string[]): ChildProgram => {
  const { PATH } = process.env;
  return startChild({ program: 'jetpackd', argv: ['--home', path.join(folder, 'home'), ...argv], env: { PATH, JETPACK_AMQP_URL: nowhere }, label: 'execute-1', log: log() });
};

describe('a program run as a child', () => {
  test('says when it serves, and ends when it is asked to', async () => {
    child = daemon('--cluster', 'c', '--node', 'n', '--instance', 'i');
    expect(await child.serving).toEqual({ ok: true, value: `jetpackd serves ${path.join(folder, 'home')} as c/n` });
    await child.stop();
    expect(await child.ended).toMatchObject({ message: `execute-1: ended with code 0 (its log: ${log()})` });
  });

  test('that ends before it serves says why in its own words', async () => {
    child = daemon('--node', 'n');
    const message = `execute-1: the cluster is not known: give --cluster NAME or config/connection.json (its log: ${log()})`;
    expect(await child.serving).toEqual({ ok: false, error: { code: 'internal', message } });
  });
});
