import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as tcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { startRabbit } from './find.ts';

const refuses = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = tcp({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });

/** In a process of its own, and resolves when it serves. */
const startElsewhere = async (folder: string): Promise<{ readonly child: ChildProcess; readonly ports: readonly number[]; readonly home: string; readonly url: string }> => {
  const program = path.join(folder, 'program.mts');
  const find = pathToFileURL(path.join(import.meta.dirname, 'find.ts')).href;
  const told = '{ ports: rabbit.ports, home: rabbit.home, url: rabbit.url() }';
  await writeFile(program, `import { startRabbit } from '${find}';\nconst rabbit = await startRabbit();\nconsole.log(JSON.stringify(${told}));\n`);
  const child = spawn(process.execPath, ['--no-warnings', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line]: unknown[] = await once(child.stdout, 'data');
  // The program's own line.
  return { child, ...(JSON.parse(String(line)) as { readonly ports: readonly number[]; readonly home: string; readonly url: string }) };
};

const queuesAt = async (url: string, names: readonly string[]): Promise<readonly boolean[]> => {
  const model = await connect(url);
  const there = names.map(async (name) => {
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    return channel.checkQueue(name).then(() => true, () => false);
  });
  const found = await Promise.all(there);
  await model.close();
  return found;
};

const isGone = async (ports: readonly number[], home: string): Promise<void> => {
  await waitFor('nothing to listen any more', async () => (await Promise.all(ports.map(refuses))).every(Boolean), 30_000);
  await waitFor('its folder to be gone', () => !existsSync(home), 30_000);
};

test('two brokers run side by side; nothing is left of one that is disposed of, nor of one whose test process was killed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jetpack-orphan-'));
  const [own, elsewhere] = await Promise.all([startRabbit(), startElsewhere(folder)]);
  const names = ['own', 'elsewhere'];
  for (const [index, { url }] of [{ url: own.url() }, elsewhere].entries()) {
    const model = await connect(url);
    await (await model.createChannel()).assertQueue(String(names[index]));
    await model.close();
  }
  expect([await queuesAt(own.url(), names), await queuesAt(elsewhere.url, names)]).toEqual([[true, false], [false, true]]);
  await own.dispose();
  expect(await Promise.all(own.ports.map(refuses))).toEqual([true, true, true]);
  expect(existsSync(own.home)).toBe(false);
  expect(await Promise.all(elsewhere.ports.map(refuses))).toEqual([false, false, false]);
  elsewhere.child.kill('SIGKILL');
  await isGone(elsewhere.ports, elsewhere.home);
  await rm(folder, { recursive: true });
}, 120_000);
