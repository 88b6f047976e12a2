// A cluster of five as real processes: its nodes converge what their locker holds and wait for each other; failures show, and
// are mended; the server's death changes nothing for them.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { waitFor } from '../effects/testing/wait-for.ts';
import type { ClusterTemplate } from '../protocol/cluster-template.ts';
import { Locker, notes, noting, spec, until } from './cluster/locker.ts';
import { clusterName, type ProcessCluster } from './cluster/process-cluster.ts';
import { flawsIn, phasesOf, told } from './cluster/told.ts';
import { useClusters } from './cluster/use-clusters.ts';

const clusters = useClusters();
let cluster: ProcessCluster;

const executes = ['execute-1', 'execute-2', 'execute-3', 'execute-4'];
const all = ['scheduler', ...executes];

/** Scripts of several nodes share two cores with everything else. */
const longMs = 60_000;

/** The template of examples/, with its locker. */
const sample = (): ClusterTemplate => {
  const folder = path.resolve(import.meta.dirname, '../examples');
  const template = JSON.parse(readFileSync(path.join(folder, 'cluster.json'), 'utf8')) as ClusterTemplate; // the server reads the same file
  return { ...template, locker: pathToFileURL(path.join(folder, 'locker')).href };
};

describe('the sample project on a scheduler and four execute nodes', () => {
  test('is converged by all of them: the execute nodes wait until the scheduler is ready, checks have run, and the roster shows it', async () => {
    cluster = clusters.begin();
    cluster.template(sample());
    await cluster.startServer();
    await Promise.all(executes.map((name) => cluster.startNode(name)));
    const isWaiting = ({ step }: { readonly step?: string | undefined }): boolean => step === 'demo/execute 10-wait-for-scheduler.sh';
    await waitFor(
      'every execute node to wait',
      async () => {
        const events = await cluster.events();
        return executes.every((name) => told(events, name, 'converge').some(isWaiting));
      },
      longMs,
    );
    for (const name of executes) expect(await cluster.node(name)).toMatchObject({ phase: 'converging', roles: ['execute'] });

    await cluster.startNode('scheduler');
    await cluster.inPhase('ready', ...all);
    const events = await cluster.events();
    expect(flawsIn(events)).toEqual([]);
    const readyAt = new Map(all.map((name) => [name, told(events, name, 'phase').find(({ phase }) => phase === 'ready')?.position ?? Number.NaN]));
    for (const name of executes) expect(readyAt.get(name)).toBeGreaterThan(readyAt.get('scheduler') ?? Number.NaN);
    for (const name of all) {
      expect([name, phasesOf(events, name)]).toEqual([name, ['starting', 'converging', 'ready']]);
      expect(told(events, name, 'condition')).toEqual([expect.objectContaining({ name: 'disk-space.sh', status: 'OK' })]);
      const scripts = name === 'scheduler' ? 3 : 4;
      expect(await cluster.node(name)).toMatchObject({
        phase: 'ready',
        link: 'online',
        roles: [name === 'scheduler' ? 'scheduler' : 'execute'],
        conditions: [{ name: 'disk-space.sh', status: 'OK' }],
        converge: { trigger: 'boot', outcome: 'succeeded', done: scripts, total: scripts },
      });
      expect(readFileSync(path.join(cluster.home(name), 'system', 'demo', 'motd'), 'utf8')).toContain(`This is ${name} of the cluster ${clusterName}.`);
    }
    for (const name of executes) {
      expect(told(events, name, 'log').map(({ message }) => message)).toEqual(['joined with 4 slots for the queues long, short']);
      expect(JSON.parse(readFileSync(path.join(cluster.home(name), 'system', 'demo', 'worker.json'), 'utf8'))).toEqual({ slots: 4, queues: ['long', 'short'] });
    }
  }, 150_000);
});

describe('a script that fails', () => {
  test('makes its node failed and never ready, with a card at the server; once it is mended, jetpack converge runs it and those after it', async () => {
    cluster = clusters.begin();
    const locker = new Locker(path.join(cluster.folder, 'locker'));
    const scripts = {
      '10-first.sh': noting('first'),
      '20-second.sh': noting('second', 'echo "the licence server says no" >&2', 'exit 3'),
      '30-third.sh': noting('third'),
    };
    locker.upload('p', { s: scripts, other: { '10-other.sh': noting('other') } });
    cluster.template({ locker: locker.url, nodes: { one: { specs: [spec('p', 's')] }, two: { specs: [spec('p', 'other')] } } });
    await cluster.startServer();
    await Promise.all(['one', 'two'].map((name) => cluster.startNode(name)));
    await Promise.all([cluster.inPhase('failed', 'one'), cluster.inPhase('ready', 'two')]);
    const home = cluster.home('one');

    const failure = {
      summary: expect.stringMatching(/^Failed to execute cluster-init script '.*20-second\.sh' in project 'p' \(return code: 3\)$/),
      recommendation: expect.stringContaining('jetpack converge'),
      aspect: 'Software Configuration',
      project: 'p',
      spec: 's',
      script: '20-second.sh',
      exitCode: 3,
      output: expect.stringContaining('the licence server says no'),
      log: path.join(home, 'logs', 'cluster-init', 'p', 's', 'scripts', '20-second.sh.out'),
    };
    expect((await cluster.node('one')).converge).toMatchObject({ outcome: 'failed', done: 1, total: 3, failure });
    expect(notes(home)).toEqual(['first', 'second']);
    expect(notes(cluster.home('two'))).toEqual(['other']);
    const again = await cluster.jetpack('one', ['converge']);
    expect(again.code).toBe(1);
    expect(again.stdout + again.stderr).toMatch(/20-second\.sh' in project 'p' \(return code: 3\)\n[^]*\| the licence server says no\n[^]*What to do: .*jetpack converge\n/);
    await waitFor('the second failure in the store', async () => phasesOf(await cluster.events(), 'one').length === 5);
    expect(notes(home)).toEqual(['first', 'second', 'second']);
    expect(phasesOf(await cluster.events(), 'one')).toEqual(['starting', 'converging', 'failed', 'converging', 'failed']);

    locker.upload('p', { s: { ...scripts, '20-second.sh': noting('mended') } });
    const plan = await cluster.jetpack('one', ['converge', '--plan']);
    expect(plan.stdout.split('\n').map((line) => line.split('\t').slice(2))).toEqual([['script', 'state'], ['10-first.sh', 'has run'], ['20-second.sh', 'will run'], ['30-third.sh', 'will run'], []]);
    const mended = await cluster.jetpack('one', ['converge']);
    expect({ ...mended, stdout: mended.stdout.split('\n').at(-2) }).toEqual({ code: 0, stderr: expect.any(String), stdout: expect.stringMatching(/^converged: 2 scripts ran, 1 had run before/) });
    await cluster.inPhase('ready', 'one');
    expect(notes(home)).toEqual(['first', 'second', 'second', 'mended', 'third']);
    expect(await cluster.node('one')).toMatchObject({ converge: { trigger: 'command-line', outcome: 'succeeded', done: 3, total: 3 } });
    expect((await cluster.node('one')).converge).not.toHaveProperty('failure');
    expect(flawsIn(await cluster.events())).toEqual([]);
  }, 120_000);
});

describe('a server that is killed while its nodes converge', () => {
  test('changes nothing for them, nor for those that wait for another; once it is back it shows all of them ready, with nothing lost or doubled', async () => {
    cluster = clusters.begin();
    const locker = new Locker(path.join(cluster.folder, 'locker'));
    const gate = path.join(cluster.folder, 'open');
    const halted = { '20-halt.sh': noting('begins', until(gate), "note 'ends'") };
    const after = { '30-last.sh': noting('last') };
    locker.upload('p', {
      free: { '10-first.sh': noting('first'), ...halted, ...after },
      waiting: { '10-wait.sh': noting('waits', 'jetpack sync wait --role scheduler --phase ready --timeout 5m', "note 'waited'"), ...after },
    });
    const [free, waiting] = [[spec('p', 'free')], [spec('p', 'waiting')]];
    const [independent, dependent] = [executes.slice(0, 2), executes.slice(2)];
    const nodes = Object.fromEntries([
      ['scheduler', { roles: ['scheduler'], specs: free }],
      ...independent.map((name) => [name, { roles: ['execute'], specs: free }] as const),
      ...dependent.map((name) => [name, { roles: ['execute'], specs: waiting }] as const),
    ]);
    cluster.template({ locker: locker.url, nodes });
    const server = await cluster.startServer();
    await Promise.all(all.map((name) => cluster.startNode(name)));
    const noted = (line: string, names: readonly string[]): Promise<boolean> =>
      waitFor(`${names.join(', ')} to note '${line}'`, () => names.every((name) => notes(cluster.home(name)).includes(line)), longMs);
    await Promise.all([noted('begins', ['scheduler', ...independent]), noted('waits', dependent)]);

    await server.kill();
    writeFileSync(gate, '');
    for (const name of ['scheduler', ...independent]) {
      await waitFor(
        `${name} to call itself ready`,
        async () => {
          const { stdout } = await cluster.jetpack(name, ['status', '--json']);
          return (JSON.parse(stdout) as { readonly sync?: { readonly phase: string } }).sync?.phase === 'ready';
        },
        longMs,
      );
    }
    for (const name of dependent) expect(notes(cluster.home(name))).toEqual(['waits']);

    await cluster.startServer();
    await cluster.inPhase('ready', ...all);
    for (const name of ['scheduler', ...independent]) expect(notes(cluster.home(name))).toEqual(['first', 'begins', 'ends', 'last']);
    for (const name of dependent) expect(notes(cluster.home(name))).toEqual(['waits', 'waited', 'last']);
    await waitFor('every converge to be in the store', async () => {
      const nodes = await cluster.nodes();
      return nodes.length === all.length && nodes.every(({ converge }) => converge?.outcome === 'succeeded');
    });
    const events = await cluster.events();
    expect(flawsIn(events)).toEqual([]);
    for (const name of all) {
      expect([name, phasesOf(events, name)]).toEqual([name, ['starting', 'converging', 'ready']]);
      const converges = told(events, name, 'converge');
      expect(new Set(converges.map(({ run }) => run)).size).toBe(1);
      const total = dependent.includes(name) ? 2 : 3;
      expect(converges.filter(({ outcome }) => outcome !== 'running')).toEqual([expect.objectContaining({ outcome: 'succeeded', done: total, total })]);
    }
  }, 180_000);
});
