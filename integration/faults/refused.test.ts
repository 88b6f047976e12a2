// Real programs that a broker refuses: they end at once, and say why in one line.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { freePorts } from '../broker/free-ports.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import type { UrlOptions } from '../broker/test-broker.ts';
import { through } from '../broker/through.ts';
import { startProgram } from '../cluster/processes.ts';
import { useProcesses } from './process-world.ts';

const world = useProcesses();

const unique = randomBytes(4).toString('hex');
const prefix = `refused-${unique}`;
const others = `others-${unique}`;
const powerless = { user: `powerless-${unique}`, password: 'wr0ng-passw0rd' };

beforeAll(async () => {
  await world.broker().addVhost(others);
  await world.broker().addUser(powerless.user, powerless.password, { permissions: { configure: '^$', write: '^$', read: '^$' } });
  // Where no server was yet, what a node lacks is the exchanges, and it would wait for them.
  const cluster = world.plain({ env: { JETPACK_PREFIX: prefix } });
  const server = await cluster.startServer();
  await waitFor('the exchanges', async () => (await fetch(`${cluster.url}/healthz`)).status === 200, 60_000);
  await server.stop();
}, 120_000);

const refusals: readonly { readonly why: string; readonly as: UrlOptions; readonly says: RegExp; readonly code: string }[] = [
  { why: 'a wrong password', as: { password: 'wr0ng-passw0rd' }, says: /user name or password/, code: 'broker_credentials' },
  { why: 'a virtual host that does not exist', as: { vhost: `none-${unique}` }, says: /virtual host/, code: 'broker_vhost' },
  { why: 'a virtual host of others', as: { vhost: others }, says: /virtual host/, code: 'broker_vhost' },
  { why: 'a user without permissions', as: powerless, says: /may not declare/, code: 'broker_vhost' },
];

describe.each(['jetpackd', 'cycle-server'] as const)('%s', (program) => {
  test.each(refusals)('row 2: $why ends it with exit code 1 and one line, which repeats no password, after a handful of attempts', async ({ as, code, says }) => {
    const wire = await TcpProxy.open({ host: '127.0.0.1', port: world.broker().port });
    world.later(() => wire.dispose());
    const url = through(world.broker().url(as), wire);
    const cluster = world.plain({ url, env: { JETPACK_PREFIX: prefix } });
    const home = cluster.home(program);
    const running =
      program === 'jetpackd' ? cluster.launchNode(program) : startProgram(program, ['--home', home, '--listen', '127.0.0.1:0', '--amqp', url, '--prefix', prefix]);
    world.later(() => running.kill());
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(running.stderr()).toContain(`${program}: `);
    const lines = running.stderr().trimEnd().split('\n').filter((line) => line.startsWith(`${program}: `));
    expect(lines).toEqual([expect.stringMatching(says)]);
    expect(lines[0]?.endsWith(` (${code})`)).toBe(true);
    const logged = readFileSync(path.join(home, 'logs', `${program}.log`), 'utf8');
    expect(running.stdout() + running.stderr() + logged).not.toContain('wr0ng-passw0rd');
    expect(running.stderr()).not.toContain('"stack"');
    // Each of its two connections may try twice.
    expect(wire.counts.taken).toBeLessThanOrEqual(4);
  }, 90_000);
});

test('row 1: a broker that is absent ends nobody: the node accepts and keeps, both say how it stands, a wait for others ends in time with its code, and all go on when it appears', async () => {
  const [port = 0] = await freePorts(1);
  const broker = world.broker();
  const url = new URL(broker.url());
  url.port = `${port}`;
  const cluster = world.plain({ url: url.href });
  await Promise.all([cluster.startServer(), cluster.startNode('one')]);
  const health = async () => {
    const response = await fetch(`${cluster.url}/healthz`);
    return [response.status, await response.json()];
  };
  expect(await cluster.jetpack('one', ['log', 'early'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await cluster.nodes()).toEqual([]);
  expect(await health()).toEqual([503, { status: 'failing', broker: 'connecting', events: 0 }]);
  const [waited, status] = await Promise.all([cluster.jetpack('one', ['sync', 'wait', '--role', 'scheduler', '--timeout', '1s']), cluster.jetpack('one', ['status'])]);
  expect(waited).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/: the broker is away: .+ \(broker_unreachable\)\n$/) });
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/^server\toffline\nbroker\tconnecting\noutbox\t\d+ messages wait/m);
  const wire = await TcpProxy.open({ host: '127.0.0.1', port: broker.port }, port);
  world.later(() => wire.dispose());
  await cluster.inPhase('ready', 'one');
  expect(await cluster.logged()).toEqual(['early']);
  expect(await health()).toEqual([200, expect.objectContaining({ status: 'ok', broker: 'connected' })]);
}, 120_000);
