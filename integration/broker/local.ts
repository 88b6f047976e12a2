// What this machine has to start a RabbitMQ from: Debian's package, and images that are present already. Nothing is ever pulled.
import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brokerNames, type BrokerKind, type BrokerName } from './test-broker.ts';

const run = promisify(execFile);

export interface Installed {
  /** The folder of rabbitmq-server and rabbitmqctl. */
  readonly bin: string;
  readonly version: string;
}

/** Where Debian puts it, for a user whose PATH lacks the programs of administrators. */
const usual = ['/usr/sbin', '/usr/local/sbin'];

export const findInstalled = async (): Promise<Installed | undefined> => {
  for (const folder of [...(process.env['PATH'] ?? '').split(path.delimiter), ...usual]) {
    try {
      // Debian's is a wrapper that changes the user; the programs themselves stand beside what it points to, in a
      // folder called after the version.
      const bin = path.dirname(await realpath(path.join(folder, 'rabbitmq-server')));
      await access(path.join(bin, 'rabbitmq-server'), constants.X_OK);
      const server = await realpath(path.join(bin, 'rabbitmq-server'));
      return { bin, version: /rabbitmq_server-([\d.]+)/.exec(server)?.[1] ?? 'of unknown version' };
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
};

/** The version of the RabbitMQ in an image, or undefined when there is no such image. */
const imageVersion = async (image: string): Promise<string | undefined> => {
  let variables: string;
  try {
    variables = (await run('docker', ['image', 'inspect', '--format', '{{join .Config.Env "\\n"}}', image], { timeout: 30_000 })).stdout;
  } catch {
    return undefined;
  }
  const told = /^RABBITMQ_VERSION=(.+)$/m.exec(variables)?.[1];
  if (told !== undefined) return told;
  return (await run('docker', ['run', '--rm', '--network', 'none', '--entrypoint', 'rabbitmqctl', image, 'version'])).stdout.trim();
};

/** The images of each name, the first that is present being the one. RABBITMQ_IMAGE is what a person chose. */
const images = (): Readonly<Record<Exclude<BrokerName, 'installed'>, readonly string[]>> => {
  const chosen = process.env['RABBITMQ_IMAGE'];
  return {
    4: chosen === undefined || chosen === '' ? ['jetpack-test/rabbitmq:4', 'rabbitmq:4-management'] : [chosen],
    next: ['jetpack-test/rabbitmq:next'],
  };
};

/** Why a kind is not at hand. */
const lack = (name: BrokerName): string => (name === 'installed' ? 'rabbitmq-server is not on the PATH' : `Docker has no image ${images()[name].join(' or ')}`);

export const findKind = async (name: BrokerName): Promise<BrokerKind | { readonly lacking: string }> => {
  if (name === 'installed') {
    const installed = await findInstalled();
    if (installed === undefined) return { lacking: lack(name) };
    const { bin, version } = installed;
    return { name, title: `RabbitMQ ${version}`, version, source: { type: 'installed', bin } };
  }
  for (const image of images()[name]) {
    const version = await imageVersion(image);
    if (version !== undefined) return { name, title: `RabbitMQ ${version}`, version, source: { type: 'image', image } };
  }
  return { lacking: lack(name) };
};

/** What JETPACK_TEST_BROKERS asks for, or undefined when it does not. Throws at a name that is none. */
export const wantedBrokers = (setting = process.env['JETPACK_TEST_BROKERS']): readonly BrokerName[] | undefined => {
  if (setting === undefined || setting === '') return undefined;
  return setting.split(',').map((word) => {
    const name = brokerNames.find((known) => known === word.trim());
    if (name === undefined) throw new Error(`JETPACK_TEST_BROKERS: '${word}' is none of ${brokerNames.join(', ')}`);
    return name;
  });
};
