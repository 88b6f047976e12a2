// Daemons that are killed while they converge: the next life of each ends what is left of the script, and goes on with that
// script. What had ended well never runs again.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { pause, systemClock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { markerFile, specPlaces } from '../node/projects/layout.ts';
import { Locker, notes, noting, spec, until, type Scripts } from './cluster/locker.ts';
import type { ProcessCluster } from './cluster/process-cluster.ts';
import { isRunning, pidsNoted } from './cluster/processes.ts';
import { flawsIn, phasesOf, told } from './cluster/told.ts';
import { useClusters } from './cluster/use-clusters.ts';

const clusters = useClusters();
let cluster: ProcessCluster;
let locker: Locker;

const start = (): void => {
  cluster = clusters.begin();
  locker = new Locker(path.join(cluster.folder, 'locker'));
};

const longMs = 60_000;

const noted = (node: string, line: string, times = 1): Promise<boolean> =>
  waitFor(`${node} to note '${line}'`, () => notes(cluster.home(node)).filter((one) => one === line).length >= times, longMs);

/** What scripts wrote of themselves and their children. */
const pidsOf = (node: string): readonly number[] => pidsNoted(path.join(cluster.home(node), 'pids'));

describe('five daemons that are killed at once, each while a script of it runs', () => {
  /** Waits, with a child in its session and one that has left it. */
  const long = (waits: string): string =>
    noting(
      'long',
      'sleep 600 & echo $! >> "$JETPACK_HOME/pids"',
      'setsid sh -c \'echo $$ >> "$JETPACK_HOME/pids"; exec sleep 600\' &',
      'echo $$ >> "$JETPACK_HOME/pids"',
      waits,
      "note 'long ends'",
    );

  test('go on with that script, its former processes gone, run nothing again that had ended, and become ready', async () => {
    start();
    const gate = path.join(cluster.folder, 'open');
    const around = (script: string): Scripts => ({ '10-first.sh': noting('first'), '20-long.sh': script, '30-last.sh': noting('last') });
    locker.upload('p', { halting: around(long(until(gate))), waiting: around(long('jetpack sync wait --role scheduler --phase ready --timeout 5m')) });
    const [halting, waiting] = [['scheduler', 'execute-1', 'execute-2'], ['execute-3', 'execute-4']];
    const all = [...halting, ...waiting];
    const entry = (name: string) => ({ roles: [name === 'scheduler' ? 'scheduler' : 'execute'], specs: [spec('p', waiting.includes(name) ? 'waiting' : 'halting')] });
    cluster.template({ locker: locker.url, nodes: Object.fromEntries(all.map((name) => [name, entry(name)])) });
    await cluster.startServer();
    const daemons = await Promise.all(all.map((name) => cluster.startNode(name)));
    await waitFor('every long script to run, with its children', () => all.every((name) => pidsOf(name).length === 3), longMs);
    await Promise.all(daemons.map((daemon) => daemon.kill()));
    const former = all.flatMap(pidsOf);
    expect(former.filter((pid) => !isRunning(pid))).toEqual([]);

    await Promise.all(all.map((name) => cluster.startNode(name)));
    await Promise.all(all.map((name) => noted(name, 'long', 2)));
    expect(former.filter(isRunning)).toEqual([]);
    writeFileSync(gate, '');
    await cluster.inPhase('ready', ...all);
    const events = await cluster.events();
    expect(flawsIn(events)).toEqual([]);
    const readyAt = (node: string): number => told(events, node, 'phase').find(({ phase }) => phase === 'ready')?.position ?? Number.NaN;
    for (const name of all) {
      expect([name, notes(cluster.home(name))]).toEqual([name, ['first', 'long', 'long', 'long ends', 'last']]);
      expect([name, phasesOf(events, name)]).toEqual([name, ['starting', 'converging', 'starting', 'converging', 'ready']]);
      const converges = told(events, name, 'converge');
      expect(new Set(converges.map(({ run }) => run)).size).toBe(1);
      expect(converges.filter(({ outcome }) => outcome !== 'running')).toEqual([expect.objectContaining({ outcome: 'succeeded', done: 3, total: 3 })]);
    }
    for (const name of waiting) expect(readyAt(name)).toBeGreaterThan(readyAt('scheduler'));
  }, 150_000);
});

describe('a daemon that is asked to end while a script of it runs', () => {
  test('ends within five seconds, also with a script that ignores the request, and goes on with that script later', async () => {
    start();
    const gate = path.join(cluster.folder, 'open');
    const deaf = noting('deaf', "trap '' TERM INT HUP", 'echo $$ >> "$JETPACK_HOME/pids"', until(gate), "note 'heard'");
    locker.upload('p', { s: { '10-first.sh': noting('first'), '20-deaf.sh': deaf } });
    cluster.template({ locker: locker.url, specs: [spec('p', 's')] });
    await cluster.startServer();
    const node = await cluster.startNode('one');
    await waitFor('the script to run', () => pidsOf('one').length === 1, longMs);
    const asked = performance.now();
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(pidsOf('one').filter(isRunning)).toEqual([]);
    writeFileSync(gate, '');
    await cluster.startNode('one');
    await cluster.inPhase('ready', 'one');
    expect(notes(cluster.home('one'))).toEqual(['first', 'deaf', 'deaf', 'heard']);
    const events = await cluster.events();
    expect(flawsIn(events)).toEqual([]);
    expect(phasesOf(events, 'one')).toEqual(['starting', 'converging', 'stopping', 'starting', 'converging', 'ready']);
  }, 90_000);
});

describe('a daemon that is killed three times at moments drawn from a seed', () => {
  const scripts = ['1.sh', '2.sh', '3.sh', '4.sh', '5.sh', '6.sh'];
  const home = (): string => cluster.home('one');

  /** Scripts that have a marker: they ended well, and the disk knows it. */
  const marked = (): ReadonlySet<string> => new Set(scripts.filter((script) => existsSync(markerFile(specPlaces(home(), 'p', 's'), script))));

  const begun = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.endsWith('.sh'));

  test.each([1, 2, 3])('runs six scripts in order, none at the same time as another, none again that had ended well, and becomes ready: seed %d', async (seed) => {
    start();
    const random = seededRandom(seed);
    // Whoever runs a script that another still runs cannot have the lock.
    const body = ['exec 9> "$JETPACK_HOME/one-at-a-time"', 'flock -n 9 || note "two at once"', 'sleep 0.15', `note "$(basename "$0") ends"`];
    locker.upload('p', { s: Object.fromEntries(scripts.map((script) => [script, noting(script, ...body)])) });
    cluster.template({ locker: locker.url, specs: [spec('p', 's')] });
    await cluster.startServer();
    /** How much was in the ledger at each kill, and what had a marker then. */
    const kills: Array<{ readonly lines: number; readonly marked: ReadonlySet<string> }> = [];
    for (let kill = 0; kill < 3; kill += 1) {
      const node = await cluster.startNode('one');
      const reached = Math.floor(random.next() * 3) + 2 * kill;
      await waitFor(`${reached} scripts to have begun`, () => new Set(begun(notes(home()))).size >= reached, longMs);
      await pause(systemClock, random.next() * 250);
      await node.kill();
      kills.push({ lines: notes(home()).length, marked: marked() });
    }
    await cluster.startNode('one');
    await cluster.inPhase('ready', 'one');

    const lines = notes(home());
    expect(lines).not.toContain('two at once');
    expect(begun(lines).toSorted()).toEqual(begun(lines));
    expect(new Set(begun(lines))).toEqual(new Set(scripts));
    for (const script of scripts) expect(lines).toContain(`${script} ends`);
    for (const kill of kills) expect(begun(lines.slice(kill.lines)).filter((script) => kill.marked.has(script))).toEqual([]);
    expect(begun(lines).length).toBeLessThanOrEqual(scripts.length + kills.length);
    expect(marked()).toEqual(new Set(scripts));
    const events = await cluster.events();
    expect(flawsIn(events)).toEqual([]);
    expect(told(events, 'one', 'converge').at(-1)).toMatchObject({ outcome: 'succeeded', done: 6, total: 6 });
  }, 120_000);
});
