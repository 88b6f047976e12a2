// `npm start` as it is run, but for npm.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { serverHome } from './plan.ts';
import { BoxProcess, type Ended } from './testing/box-process.ts';
import { told } from './testing/told.ts';

let folder: string;
let boxes: BoxProcess[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'box-'));
  boxes = [];
});
afterEach(async () => {
  await Promise.all(boxes.map((box) => box.kill()));
  rmSync(folder, { recursive: true });
});

const state = (): string => path.join(folder, 'state');
const start = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): BoxProcess => {
  const box = new BoxProcess(['--state', state(), ...argv], env);
  boxes.push(box);
  return box;
};
const summary = (output: string): readonly string[] => output.slice(output.indexOf('Summary after')).trim().split('\n');

/** What a node tells in order; its checks run beside it, and come when they come. */
const steps = (output: string, node: string): readonly string[] => told(output, node).filter((message) => !message.startsWith('check '));

/** Nodes whose last word, that they stop, is in the server's log. */
const drained = (): number => readFileSync(path.join(serverHome(state()), 'cycle_server.log'), 'utf8').split('phase stopping').length - 1;

/** The summary of a run in which all became ready; the line of their order is the one that differs. */
const expectAllReady = (output: string): string => {
  const [first, second, third, order = '', counts] = summary(output).slice(1);
  expect([first, second, third]).toEqual(['  scheduler  ready  online', '  execute-1  ready  online', '  execute-2  ready  online']);
  expect(counts).toBe(`  3 of 3 nodes ready, ${told(output).length} events stored`);
  return order;
};

const matching = (...patterns: readonly string[]): unknown => patterns.map((pattern) => expect.stringMatching(new RegExp(`^${pattern}`)));

const begins = ['daemon started: ', 'phase starting', 'converge begins$', 'phase converging'];

/** All a node has to do, and all of it done. */
const converges = (...scripts: readonly string[]): readonly string[] => [
  ...scripts.map((script, index) => `converge ${index + 1} of ${scripts.length}: demo/${script}$`),
  `converge succeeded: ${scripts.length} scripts$`,
  `phase ready`,
];

const ofScheduler = ['default 10-motd.sh', 'default 20-check.sh', 'scheduler 10-queue.py'];

const untilReady = ['--until-ready', '--for', '60s'];

describe('npm start', () => {
  test('ends by itself when every node has converged, the scheduler first; --break shows a failure, and without it all is well again', async () => {
    const { code, stdout, stderr } = await start([...untilReady, '--fresh']).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(expectAllReady(stdout)).toMatch(/^ {2}scheduler ready after \d+\.\d s, execute-\d after \d+\.\d s, execute-\d after \d+\.\d s$/);
    expect(stdout).toMatch(/\nscheduler +ready +3\/3 done +ok +online .*\nexecute-1 +ready +4\/4 done +ok +online .*\nexecute-2 +ready +4\/4 done +ok +online .*\n/);
    expect(steps(stdout, 'scheduler')).toEqual(matching(...begins, ...converges(...ofScheduler)));
    const joined = 'joined with 4 slots for the queues long, short$';
    const ofExecute = converges('default 10-motd.sh', 'default 20-check.sh', 'execute 10-wait-for-scheduler.sh', 'execute 20-join.py');
    for (const node of ['execute-1', 'execute-2']) expect(steps(stdout, node)).toEqual(matching(...begins, ...ofExecute.toSpliced(4, 0, joined)));
    for (const node of ['scheduler', 'execute-1', 'execute-2']) expect(told(stdout, node)).toContainEqual(expect.stringMatching(/^check disk-space\.sh is OK/));

    const broken = await start(['--break', ...untilReady]).ended;
    expect(broken).toMatchObject({ code: 1, stderr: 'npm start: execute-2 failed: script 20-join.py of demo/execute ended with exit code 3 (script_failed)\n' });
    expect(summary(broken.stdout).slice(1, 4)).toEqual(['  scheduler  ready  online', '  execute-1  ready  online', '  execute-2  failed  online']);
    const phases = told(broken.stdout, 'execute-2').filter((message) => message.startsWith('phase '));
    expect(phases).toEqual(matching('phase starting', 'phase converging', 'phase failed: Failed to execute'));
    const cards = [...broken.stdout.matchAll(/^execute-2 failed\n((?: {2}.*\n)+)/gm)].map(([, card]) => card);
    expect(cards).toHaveLength(2);
    expect(new Set(cards).size).toBe(1);
    for (const said of ["20-join.py' in project 'demo' (return code: 3)", 'demo.break is set, so this node does not join', 'jetpack converge']) expect(cards[0]).toContain(said);

    const mended = await start(untilReady).ended;
    expect(mended.code).toBe(0);
    expectAllReady(mended.stdout);
    expect(mended.stdout).not.toContain('Failed to execute');
  }, 120_000);

  test('turns a second box on its state away, ends on Ctrl-C, drained, within five seconds, and goes on from there at the next start', async () => {
    const first = start([]);
    await first.allReady();
    expect(await start(['--fresh']).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `npm start: another cluster in a box runs in ${state()}: end it, or give this one a folder of its own with --state (already_running)\n`,
    });
    const asked = performance.now();
    for (let copy = 0; copy < 3; copy += 1) first.child.kill('SIGINT');
    const ended = await first.ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expectAllReady(ended.stdout);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(drained()).toBe(3);
    const { code, stdout } = await start(untilReady).ended;
    expect(code).toBe(0);
    expectAllReady(stdout);
    expect(stdout).not.toContain('phase stopping');
  }, 90_000);

  test('with too little time says that not every node was ready, and exits with code 1', async () => {
    const { code, stderr } = await start(['--for', '1ms']).ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^npm start: not every node was ready after \d+\.\d s \(timeout\)\n$/) });
  }, 60_000);

  test.each([
    ['is hung up', (box: BoxProcess) => void box.child.kill('SIGHUP')],
    ['takes no more output', (box: BoxProcess) => void box.child.stdout?.destroy()],
  ])('ends in good order when its terminal %s', async (_, hangUp) => {
    const box = start([]);
    await box.prints(/Ctrl-C ends it/);
    hangUp(box);
    expect(await box.ended).toMatchObject({ code: 0, stderr: '' });
    expect(drained()).toBe(3);
  }, 60_000);
});

describe('what is wrong is one line that names it:', () => {
  const oneLine = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const ended = await start(argv, env).ended;
    expect(ended.stdout).toBe('');
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    return ended;
  };

  test('an option, with exit code 2', async () => {
    expect(await oneLine(['--for', '6x'])).toMatchObject({ code: 2, stderr: "npm start --: --for '6x' is not a duration: write 500ms, 20s, 5m, 1h, 2d or 1w\n" });
  });

  test('a folder that holds other things, which --fresh leaves as they are', async () => {
    mkdirSync(path.join(state(), 'nodes', 'precious'), { recursive: true });
    const { code, stderr } = await oneLine(['--fresh']);
    expect(code).toBe(2);
    expect(stderr).toContain(`${state()} holds other things`);
    expect(readdirSync(path.join(state(), 'nodes'))).toEqual(['precious']);
  });

  test('a node that cannot start, with exit code 1, and no part of the cluster stays behind', async () => {
    await start(['--for', '1ms']).ended;
    rmSync(path.join(state(), 'nodes', 'execute-2', 'run'), { recursive: true });
    mkdirSync(path.join(state(), 'nodes', 'execute-2', 'run', 'jetpack.sock', 'in the way'), { recursive: true });
    const { code, stderr } = await oneLine([]);
    expect(code).toBe(1);
    expect(stderr).toContain('nodes/execute-2/run/jetpack.sock is in the way');
  }, 60_000);

  test('a broker that is out of reach, within seconds, without its password', async () => {
    const { code, stderr } = await oneLine(['--for', '20s'], { JETPACK_BOX_AMQP_URL: 'amqp://user:secret@127.0.0.1:1' });
    expect(code).toBe(1);
    expect(stderr).toBe('npm start: the broker cannot be used: amqp://127.0.0.1:1/: connect ECONNREFUSED 127.0.0.1:1 (broker_unreachable)\n');
  }, 15_000);
});
