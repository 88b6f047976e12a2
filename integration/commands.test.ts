// Commands of the server to real daemons, each carried out once whatever is down meanwhile; and what health checks and keepalives
// of a node come to at the server.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { uuid7, systemRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { answered, carriedOut, give, post, recordOf } from './cluster/commands.ts';
import { installCheck, Locker, notes, noting, spec, until } from './cluster/locker.ts';
import type { ProcessCluster } from './cluster/process-cluster.ts';
import type { Running } from './cluster/processes.ts';
import { flawsIn, told } from './cluster/told.ts';
import { useClusters } from './cluster/use-clusters.ts';

const clusters = useClusters();
let cluster: ProcessCluster;

const all = ['execute-1', 'execute-2', 'execute-3', 'execute-4', 'scheduler'];

const newId = (): string => uuid7(Date.now(), systemRandom);

/** Five nodes, or those named, each with one script and one check, ready. */
const startCluster = async (names: readonly string[] = all): Promise<{ readonly server: Running; readonly nodes: ReadonlyMap<string, Running> }> => {
  cluster = clusters.begin();
  const locker = new Locker(path.join(cluster.folder, 'locker'));
  locker.upload('p', { s: { '10-line.sh': noting('script') } });
  const entry = (role: string) => ({ roles: [role], specs: [spec('p', 's')] });
  cluster.template({ locker: locker.url, configuration: { demo: { colour: 'red', size: 3 } }, nodes: { scheduler: entry('scheduler'), '*': entry('execute') } });
  for (const name of names) installCheck(cluster.home(name), 'noting.sh', noting('check'));
  const server = await cluster.startServer();
  const nodes = await Promise.all(names.map(async (name) => [name, await cluster.startNode(name)] as const));
  await cluster.inPhase('ready', ...names);
  return { server, nodes: new Map(nodes) };
};

const counted = (name: string, line: string): number => notes(cluster.home(name)).filter((noted) => noted === line).length;

/** What `jetpack config` says on each of these nodes. */
const configured = async (key: string, names: readonly string[]): Promise<readonly string[]> => {
  const runs = await Promise.all(names.map((name) => cluster.jetpack(name, ['config', key])));
  return runs.map(({ code, stderr, stdout }) => (code === 0 ? stdout : stderr));
};

const every = (value: string, names: readonly string[]): readonly string[] => names.map(() => value);

describe('commands to a scheduler and four execute nodes', () => {
  test('check runs the checks of one node; converge runs the scripts of all; each node answers, and an id that comes again does nothing more', async () => {
    await startCluster();
    const before = new Map(all.map((name) => [name, counted(name, 'check')]));
    expect(await carriedOut(cluster, { command: 'check', nodes: ['execute-2'] })).toEqual([
      { node: 'execute-2', state: 'done', message: '1 check: all OK', changedAt: expect.any(Number) },
    ]);
    for (const name of all) expect(counted(name, 'check') - (before.get(name) ?? 0)).toBe(name === 'execute-2' ? 1 : 0);

    const done = (message: string) => all.map((node) => ({ node, state: 'done', message, changedAt: expect.any(Number) }));
    expect(await carriedOut(cluster, { command: 'converge' })).toEqual(done('converged: 0 scripts ran, 1 had run before'));
    expect(await carriedOut(cluster, { command: 'converge', rerunScripts: true })).toEqual(done('converged: 1 script ran, 0 had run before'));
    for (const name of all) expect(counted(name, 'script')).toBe(2);

    const id = newId();
    const twice = { id, command: 'converge', rerunScripts: true };
    const answers = await Promise.all([post(cluster, twice), post(cluster, twice)]);
    for (const answer of answers) expect(answer).toEqual({ status: 202, body: { id, targets: all } });
    expect(await answered(cluster, id)).toEqual(done('converged: 1 script ran, 0 had run before'));
    expect(await post(cluster, twice)).toEqual({ status: 202, body: { id, targets: all } });
    expect(await post(cluster, { ...twice, rerunScripts: false })).toMatchObject({ status: 409, body: { code: 'request_invalid' } });
    // Commands of a node are carried out in their order, so what follows is behind a repetition.
    await carriedOut(cluster, { command: 'converge' });
    for (const name of all) expect(counted(name, 'script')).toBe(3);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 150_000);

  test('set shows in jetpack config of every node at once, and outlasts restarts of daemons and of the server; later nodes have it too', async () => {
    const late = 'execute-4';
    const present = all.filter((name) => name !== late);
    const { nodes, server } = await startCluster(present);
    const ids = async (): Promise<unknown> => [await configured('cyclecloud.cluster.id', present), await configured('cyclecloud.node.id', present)];
    const atFirst = await ids();
    const id = expect.stringMatching(/^[0-9a-f]{32}\n$/);
    expect(atFirst).toEqual([present.map(() => id), present.map(() => id)]);
    expect((await cluster.jetpack('execute-1', ['config', '--explain', 'cyclecloud.node.id'])).stdout).toMatch(/^server\tcounts\t/m);
    expect(await configured('demo.colour', present)).toEqual(every('red\n', present));
    const targets = await carriedOut(cluster, { command: 'set', key: 'demo.colour', value: 'deep blue' });
    expect(targets.map(({ node, state }) => [node, state])).toEqual(present.map((node) => [node, 'done']));
    expect(await configured('demo.colour', present)).toEqual(every('deep blue\n', present));
    expect(await configured('demo.size', present)).toEqual(every('3\n', present));
    await carriedOut(cluster, { command: 'set', key: 'demo.own', value: [1, { two: null }], nodes: ['execute-1'] });
    expect(await cluster.jetpack('execute-1', ['config', 'demo.own', '--json'])).toMatchObject({ code: 0, stdout: expect.stringContaining('"two": null') });
    expect((await cluster.jetpack('execute-2', ['config', 'demo.own'])).code).not.toBe(0);

    await nodes.get('execute-1')?.kill();
    await nodes.get('execute-2')?.stop();
    const down = ['execute-1', 'execute-2'];
    expect(await configured('demo.colour', down)).toEqual(every('deep blue\n', down));
    await Promise.all(down.map((name) => cluster.startNode(name)));
    await server.kill();
    expect(await configured('demo.colour', present)).toEqual(every('deep blue\n', present));
    await cluster.startServer();
    await cluster.startNode(late);
    await cluster.inPhase('ready', 'scheduler', 'execute-3', late);
    await cluster.inPhaseAgain('ready', 2, ...down);
    expect(await configured('demo.colour', all)).toEqual(every('deep blue\n', all));
    expect(await ids()).toEqual(atFirst);
    expect((await cluster.jetpack('execute-1', ['config', 'demo.own', '--json'])).code).toBe(0);
    // The roster learns of it with the next heartbeat of each.
    await waitFor('one revision of the configuration in all of the roster', async () => {
      const revisions = new Set((await cluster.nodes()).map(({ configuration }) => configuration));
      return revisions.size === 1 && !revisions.has(undefined);
    });
  }, 150_000);
});

describe('a node that is down', () => {
  test('carries out what it was told meanwhile once it is back, each command once; what has expired by then, never', async () => {
    const { nodes } = await startCluster(['scheduler', 'execute-1']);
    await nodes.get('execute-1')?.kill();
    const meanwhile = await give(cluster, { command: 'converge', rerunScripts: true, nodes: ['execute-1'] });
    const short = await give(cluster, { command: 'converge', rerunScripts: true, nodes: ['execute-1'], expiresInSeconds: 1 });
    await give(cluster, { command: 'set', key: 'demo.colour', value: 'green' });
    expect(await answered(cluster, short)).toEqual([expect.objectContaining({ node: 'execute-1', state: 'expired' })]);
    expect((await recordOf(cluster, meanwhile)).targets).toEqual([expect.objectContaining({ state: 'pending' })]);
    expect(counted('execute-1', 'script')).toBe(1);

    await cluster.startNode('execute-1');
    expect(await answered(cluster, meanwhile)).toEqual([expect.objectContaining({ node: 'execute-1', state: 'done' })]);
    await carriedOut(cluster, { command: 'check' });
    expect(counted('execute-1', 'script')).toBe(2);
    expect(await answered(cluster, short)).toEqual([expect.objectContaining({ node: 'execute-1', state: 'expired' })]);
    expect(told(await cluster.events(), 'execute-1', 'command').filter(({ command }) => command === short)).toEqual([]);
    expect(await configured('demo.colour', ['scheduler', 'execute-1'])).toEqual(['green\n', 'green\n']);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 120_000);

  test('goes on with a command of the server that its death interrupted, and answers it', async () => {
    const { nodes } = await startCluster(['execute-1']);
    const locker = new Locker(path.join(cluster.folder, 'locker'));
    const gate = path.join(cluster.folder, 'open');
    locker.upload('p', { s: { '10-line.sh': noting('script'), '20-halt.sh': noting('halt', until(gate), "note 'over'") } });
    const id = await give(cluster, { command: 'converge', nodes: ['execute-1'] });
    await waitFor('the second script to run', () => counted('execute-1', 'halt') === 1);
    await waitFor('the command to be accepted', async () => (await recordOf(cluster, id)).targets[0]?.state === 'accepted');
    await nodes.get('execute-1')?.kill();
    await cluster.startNode('execute-1');
    await waitFor('the second script to run once more', () => counted('execute-1', 'halt') === 2);
    writeFileSync(gate, '');
    expect(await answered(cluster, id)).toEqual([expect.objectContaining({ node: 'execute-1', state: 'done' })]);
    expect(notes(cluster.home('execute-1')).filter((line) => line !== 'check')).toEqual(['script', 'halt', 'halt', 'over']);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 120_000);
});

describe('a check that exits with 254', () => {
  const ailing = noting('check', 'if [ -e "$JETPACK_HOME/ailing" ]; then echo "the fan is dead" >&2; exit 254; fi');
  const node = 'execute-1';
  const ail = (): string => path.join(cluster.home(node), 'ailing');

  const startAiling = async (): Promise<Running> => {
    cluster = clusters.begin();
    installCheck(cluster.home(node), 'fan.sh', ailing);
    await cluster.startServer();
    const running = await cluster.startNode(node);
    await cluster.inPhase('ready', node);
    return running;
  };

  const requested = { standing: 'would terminate', check: 'fan.sh', reason: 'the fan is dead' };
  const inRoster = (what: string, expected: object): Promise<void> =>
    waitFor(what, async () => {
      expect(await cluster.node(node)).toMatchObject(expected);
      return true;
    }).then(() => undefined);

  test('has its node shown as one that would be terminated, also after a restart of both, until the check is well again', async () => {
    const running = await startAiling();
    expect(await cluster.node(node)).toMatchObject({ phase: 'ready', conditions: [{ name: 'fan.sh', status: 'OK' }] });
    expect(await cluster.node(node)).not.toHaveProperty('termination');
    writeFileSync(ail(), '');
    expect(await carriedOut(cluster, { command: 'check' })).toEqual([expect.objectContaining({ state: 'done', message: '1 check: fan.sh is Error' })]);
    await inRoster('the wish in the roster', { termination: requested, conditions: [{ name: 'fan.sh', status: 'Error', message: 'asks to end the node: the fan is dead' }] });
    // Nobody ends the node: it only asks.
    await carriedOut(cluster, { command: 'check' });
    await running.kill();
    await cluster.startNode(node);
    await cluster.inPhaseAgain('ready', 2, node);
    await inRoster('the wish after a restart', { termination: requested });
    rmSync(ail());
    await carriedOut(cluster, { command: 'check' });
    await waitFor('the wish to be withdrawn', async () => (await cluster.node(node)).termination === undefined);
    const terminations = told(await cluster.events(), node, 'termination');
    // The daemon that was started anew told of the same request once more, as it tells all that stands.
    expect(terminations.map(({ state }) => state)).toEqual(['requested', 'requested', 'withdrawn']);
    expect(new Set(terminations.map(({ request }) => request)).size).toBe(1);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 90_000);

  test('asks for nothing while a keepalive holds, which the roster shows with its end and its reason, also after a restart; and at once when that is cancelled', async () => {
    const running = await startAiling();
    const before = Date.now();
    expect(await cluster.jetpack(node, ['keepalive', '1h', '--reason', 'looking at the fan'])).toMatchObject({ code: 0 });
    await inRoster('the keepalive', { keepalive: { expiresAt: expect.any(Number), reason: 'looking at the fan' } });
    const { keepalive } = await cluster.node(node);
    expect(keepalive?.expiresAt).toBeGreaterThanOrEqual(before + 3_599_000);
    expect(keepalive?.expiresAt).toBeLessThanOrEqual(Date.now() + 3_601_000);
    writeFileSync(ail(), '');
    await carriedOut(cluster, { command: 'check' });
    await inRoster('the condition', { conditions: [{ name: 'fan.sh', status: 'Error' }] });
    expect((await cluster.node(node)).termination).toBeUndefined();

    await running.kill();
    await cluster.startNode(node);
    await cluster.inPhaseAgain('ready', 2, node);
    expect(await cluster.jetpack(node, ['keepalive', 'show'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kept alive until .* \(in 59 min \d+ s\): looking at the fan\n$/) });
    await carriedOut(cluster, { command: 'check' });
    const toldAnew = (await cluster.node(node)).keepalive;
    expect(toldAnew).toEqual({ ...keepalive, expiresAt: expect.any(Number) });
    // Told anew, from what is left of it on another clock.
    expect(Math.abs((toldAnew?.expiresAt ?? 0) - (keepalive?.expiresAt ?? 0))).toBeLessThan(1_000);
    expect(told(await cluster.events(), node, 'termination')).toEqual([]);

    expect(await cluster.jetpack(node, ['keepalive', 'cancel'])).toMatchObject({ code: 0 });
    await inRoster('the wish, once nothing holds it off', { termination: requested });
    expect((await cluster.node(node)).keepalive).toBeUndefined();
    expect(await cluster.jetpack(node, ['keepalive', 'forever'])).toMatchObject({ code: 0 });
    await waitFor('the wish to be withdrawn', async () => (await cluster.node(node)).termination === undefined);
    expect((await cluster.node(node)).keepalive).toEqual({});
    expect(told(await cluster.events(), node, 'termination').map(({ state }) => state)).toEqual(['requested', 'withdrawn']);
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 90_000);
});
