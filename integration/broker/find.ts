// Which broker the tests use: the one JETPACK_TEST_AMQP_URL names; else RabbitMQ installed here, started for the test;
// else a Docker image that is present already (RABBITMQ_IMAGE, else rabbitmq:4-management). Nothing is ever pulled.
import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { startImage } from './image.ts';
import { Rabbit } from './rabbit.ts';

export type BrokerSource =
  | { readonly type: 'given'; readonly url: string }
  /** `bin` holds rabbitmq-server and rabbitmqctl. */
  | { readonly type: 'installed'; readonly bin: string }
  | { readonly type: 'image'; readonly image: string }
  | { readonly type: 'missing'; readonly reason: string };

/** Where Debian puts it, for a user whose PATH lacks the programs of administrators. */
const usual = ['/usr/sbin', '/usr/local/sbin'];

const installed = async (): Promise<string | undefined> => {
  for (const folder of [...(process.env['PATH'] ?? '').split(path.delimiter), ...usual]) {
    try {
      // Debian's is a wrapper that changes the user; the programs themselves stand beside what it points to.
      const bin = path.dirname(await realpath(path.join(folder, 'rabbitmq-server')));
      await access(path.join(bin, 'rabbitmq-server'), constants.X_OK);
      return bin;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
};

const present = async (image: string): Promise<boolean> => {
  try {
    await promisify(execFile)('docker', ['image', 'inspect', image], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

export const findBroker = async (): Promise<BrokerSource> => {
  const url = process.env['JETPACK_TEST_AMQP_URL'];
  if (url !== undefined && url !== '') return { type: 'given', url };
  const bin = await installed();
  if (bin !== undefined) return { type: 'installed', bin };
  const image = process.env['RABBITMQ_IMAGE'] ?? 'rabbitmq:4-management';
  if (await present(image)) return { type: 'image', image };
  const reason = `JETPACK_TEST_AMQP_URL is not set, rabbitmq-server is not on the PATH, and Docker has no image ${image}`;
  return { type: 'missing', reason };
};

/** A broker of one's own that can be stopped, killed and started again: only an installed RabbitMQ allows that. */
export const startRabbit = async (): Promise<Rabbit> => {
  const bin = await installed();
  if (bin === undefined) throw new Error('this needs RabbitMQ installed: apt-get install rabbitmq-server');
  return Rabbit.start(bin);
};

export interface UsedBroker {
  readonly url: string;
  /** Ends what was started for this use. */
  dispose(): Promise<void>;
}

/** A broker's URL, or why there is none. */
export const brokerUrl = async (): Promise<UsedBroker | { readonly url: undefined; readonly reason: string }> => {
  const source = await findBroker();
  switch (source.type) {
    case 'given':
      return { url: source.url, dispose: () => Promise.resolve() };
    case 'installed': {
      const rabbit = await Rabbit.start(source.bin);
      return { url: rabbit.url(), dispose: () => rabbit.dispose() };
    }
    case 'image':
      return startImage(source.image);
    case 'missing':
      return { url: undefined, reason: source.reason };
  }
};
