import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as tcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { until } from '../../transport/contract/world.ts';
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

test('two brokers run side by side, and nothing of them is left when they are disposed of', async () => {
  const rabbits = await Promise.all([startRabbit(), startRabbit()]);
  const queues = rabbits.map(async (rabbit) => {
    const model = await connect(rabbit.url());
    const channel = await model.createChannel();
    await channel.assertQueue(`only-at-${rabbit.port}`);
    await model.close();
    return rabbit.ctl('list_queues', 'name', '--no-table-headers');
  });
  expect((await Promise.all(queues)).map((text) => text.trim())).toEqual(rabbits.map(({ port }) => `only-at-${port}`));
  await Promise.all(rabbits.map((rabbit) => rabbit.dispose()));
  for (const rabbit of rabbits) {
    for (const port of rabbit.ports) expect(await refuses(port)).toBe(true);
    await expect(access(rabbit.home)).rejects.toThrow('ENOENT');
  }
}, 120_000);

test('neither a broker nor its folder outlives the test process that started it, even one that was killed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jetpack-orphan-'));
  const program = path.join(folder, 'program.mts');
  const find = pathToFileURL(path.join(import.meta.dirname, 'find.ts')).href;
  await writeFile(program, `import { startRabbit } from '${find}';\nconst rabbit = await startRabbit();\nconsole.log(JSON.stringify({ ports: rabbit.ports, home: rabbit.home }));\n`);
  const child = spawn(process.execPath, ['--no-warnings', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line]: unknown[] = await once(child.stdout, 'data');
  const { ports, home }: { readonly ports: readonly number[]; readonly home: string } = JSON.parse(String(line));
  expect(await Promise.all(ports.map(refuses))).toEqual([false, false, false]);
  child.kill('SIGKILL');
  const left = new Set(ports);
  await until('nothing listens any more', () => {
    for (const port of left) void refuses(port).then((gone) => gone && left.delete(port));
    return left.size === 0;
  });
  await until('its folder is gone', () => !existsSync(home));
  await rm(folder, { recursive: true });
}, 120_000);
