// In a network of its own, where 169.254.169.254 is this machine: closes the metadata service to all but root, opens it again, and
// prints after each step who reaches it. Run by integration/metadata.test.ts within `unshare --net`.
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { silentLogger } from '../../effects/logger.ts';
import { createMetadataDoor } from '../../node/metadata/door.ts';

const [run = ''] = process.argv.slice(2);
const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
const address = '169.254.169.254';
const nobody = 65_534;

/** 53 stands for the DNS that some clouds have there. */
const ports = [80, 8080, 53];

const ip = (...argv: readonly string[]): void => void execFileSync('ip', argv, { env: { PATH: searchPath } });
ip('link', 'set', 'lo', 'up');
ip('address', 'add', `${address}/32`, 'dev', 'lo');
ip('address', 'add', 'fd00:ec2::254/128', 'dev', 'lo', 'nodad');
for (const host of [address, 'fd00:ec2::254']) {
  for (const port of ports) await once(createServer((_request, response) => void response.end('here')).listen(port, host), 'listening');
}

/** Whether a user gets an answer within two seconds. */
const reaches = (uid: number, host: string, port: number): boolean => {
  const program = `exec 3<>/dev/tcp/${host}/${port}`;
  return spawnSync('timeout', ['2', 'bash', '-c', program], { uid, gid: uid, stdio: 'ignore' }).status === 0;
};

const rules = (program: string): readonly string[] =>
  execFileSync(program, ['-S', 'OUTPUT'], { env: { PATH: searchPath }, encoding: 'utf8' }).split('\n').filter((line) => line.startsWith('-A'));

const tell = (step: string): void => {
  const users = { root: 0, nobody };
  const reached = Object.entries(users).flatMap(([name, uid]) =>
    [...ports.map((port) => [address, port] as const), ['fd00:ec2::254', 80] as const].filter(([host, port]) => reaches(uid, host, port)).map(([host, port]) => `${name} ${host === address ? '' : 'ipv6 '}${port}`),
  );
  process.stdout.write(`${JSON.stringify({ step, reached, rules: [rules('iptables').length, rules('ip6tables').length] })}\n`);
};

const door = createMetadataDoor({ run, searchPath, logger: silentLogger });
const set = async (closed: boolean): Promise<void> => {
  const outcome = await door.set(closed);
  if (!outcome.ok) throw new Error(outcome.error);
};

tell('before');
await set(true);
tell('closed');
await set(true);
tell('closed again');
await set(false);
tell('opened');
process.exit(0);
