// A daemon that is killed while it converges: its next life ends what is left of the script, and goes on with that script. What
// had ended well never runs again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pause, systemClock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { markerFile, specPlaces } from '../node/projects/layout.ts';
import { startRabbit } from './broker/find.ts';
import type { Rabbit } from './broker/rabbit.ts';
import { Locker, notes, noting, spec, until } from './cluster/locker.ts';
import { ProcessCluster } from './cluster/process-cluster.ts';
import { flawsIn, phasesOf, told } from './cluster/told.ts';

let rabbit: Rabbit;
let cluster: ProcessCluster;
let locker: Locker;

beforeAll(async () => {
  rabbit = await startRabbit();
}, 120_000);

afterAll(() => rabbit?.dispose());

afterEach(() => cluster.dispose());

const start = (): void => {
  cluster = new ProcessCluster(rabbit.url());
  locker = new Locker(path.join(cluster.folder, 'locker'));
};

const longMs = 60_000;

const noted = (node: string, line: string, times = 1): Promise<boolean> =>
  waitFor(`${node} to note '${line}'`, () => notes(cluster.home(node)).filter((one) => one === line).length >= times, longMs);

const isAlive = (pid: number): boolean => {
  // One that has ended and was not looked after by its parent is still listed.
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0] : undefined;
  return state !== undefined && state !== 'Z';
};

describe('a daemon that is killed while a script of it runs', () => {
  /** Runs until the gate opens, with a child in its session and one that has left it. */
  const long = (gate: string): string =>
    noting(
      'long',
      'sleep 600 & echo $! >> "$JETPACK_HOME/pids"',
      'setsid sh -c \'echo $$ >> "$JETPACK_HOME/pids"; exec sleep 600\' &',
      'echo $$ >> "$JETPACK_HOME/pids"',
      until(gate),
      "note 'long ends'",
    );

  const pidsOf = (node: string): readonly number[] => {
    const file = path.join(cluster.home(node), 'pids');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  };

  test.each(['scheduler', 'execute-1'])('goes on with that script, its former processes gone, and becomes ready: %s', async (victim) => {
    start();
    const gate = path.join(cluster.folder, 'open');
    const own = { '10-first.sh': noting('first'), '20-long.sh': long(gate), '30-last.sh': noting('last') };
    const waits = { '05-wait.sh': noting('wait', 'jetpack sync wait --role scheduler --phase ready --timeout 5m') };
    locker.upload('p', { scheduler: victim === 'scheduler' ? own : {}, execute: victim === 'scheduler' ? waits : { ...waits, ...own } });
    const nodes = { scheduler: { roles: ['scheduler'], specs: [spec('p', 'scheduler')] }, 'execute-*': { roles: ['execute'], specs: [spec('p', 'execute')] } };
    cluster.template({ locker: locker.url, nodes });
    await cluster.startServer();
    const running = new Map(await Promise.all(['scheduler', 'execute-1'].map(async (name) => [name, await cluster.startNode(name)] as const)));
    await noted(victim, 'long');
    await waitFor('its processes', () => pidsOf(victim).length === 3 && pidsOf(victim).every(isAlive));
    const former = pidsOf(victim);
    await running.get(victim)?.kill();
    expect(former.filter(isAlive)).toEqual([...former]);

    await cluster.startNode(victim);
    await noted(victim, 'long', 2);
    expect(former.filter(isAlive)).toEqual([]);
    writeFileSync(gate, '');
    await cluster.inPhase('ready', 'scheduler', 'execute-1');
    const ofVictim = ['first', 'long', 'long', 'long ends', 'last'];
    expect(notes(cluster.home('scheduler'))).toEqual(victim === 'scheduler' ? ofVictim : []);
    expect(notes(cluster.home('execute-1'))).toEqual(victim === 'scheduler' ? ['wait'] : ['wait', ...ofVictim]);

    const events = await cluster.events();
    expect(flawsIn(events)).toEqual([]);
    const converges = told(events, victim, 'converge');
    expect(new Set(converges.map(({ run }) => run)).size).toBe(1);
    expect(converges.filter(({ outcome }) => outcome !== 'running').map(({ outcome }) => outcome)).toEqual(['succeeded']);
    expect(phasesOf(events, victim)).toEqual(['starting', 'converging', 'starting', 'converging', 'ready']);
    const ready = (node: string): number => told(events, node, 'phase').find(({ phase }) => phase === 'ready')?.position ?? Number.NaN;
    expect(ready('execute-1')).toBeGreaterThan(ready('scheduler'));
  }, 120_000);

  test('and one that is asked to end meanwhile ends within five seconds, with a script that ignores the request, and goes on with it later', async () => {
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
    expect(pidsOf('one').filter(isAlive)).toEqual([]);
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

  test.each([1, 2, 3, 4, 5])('runs six scripts in order, none at the same time as another, none again that had ended well, and becomes ready: seed %d', async (seed) => {
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
