// What the commands that ask the daemon print for its answers.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ok } from '../protocol/result.ts';
import { presentHealth } from './health.ts';
import { presentInspect } from './inspect.ts';
import { localTime } from './local-time.ts';
import { presentStatus } from './status.ts';
import { runFake } from './testing/fake-host.ts';
import { aligned, coloured, tabbed } from './testing/styles.ts';

const at = Date.UTC(2026, 10, 27, 14);

describe('jetpack status', () => {
  const status = {
    cluster: 'lab',
    node: 'n1',
    version: '1.2.3',
    answersAs: '8.10.0-10203',
    broker: 'connected',
    outbox: { rows: 0, bytes: 0 },
    sync: { link: 'registered', phase: 'ready', detail: '4 scripts ran, 0 had run before' },
    config: { revision: 7 },
    health: { conditions: [{ name: 'disk', status: 'OK' }], lastRoundAt: at, running: false },
    keepalive: { holds: true, reason: 'debugging' },
    converge: { state: 'idle', waiting: 0, last: { outcome: 'succeeded', done: 4, total: 4, endedAt: at } },
    lifecycle: { endScripts: 0 },
    silent: [],
  };
  const present = (more: object = {}): string => presentStatus({ command: 'status', json: false }, { ...status, ...more }, aligned);

  test('is a line for each part', () => {
    expect(present()).toBe(`node       lab/n1, jetpack 1.2.3 (answers as 8.10.0-10203)
phase      ready: 4 scripts ran, 0 had run before
server     registered
broker     connected
outbox     empty
config     revision 7
health     1 of 1 checks OK, last at ${localTime(at)}
keepalive  kept alive forever: debugging
converge   succeeded: 4 of 4 scripts, ended at ${localTime(at)}
shutdown   not asked for
`);
  });

  test('names the broker once it is known', () => {
    expect(present({ product: 'RabbitMQ 4.0.5' })).toContain('\nbroker     connected, RabbitMQ 4.0.5\n');
  });

  test('says what is wrong: a failed converge, a check that is not well, what waits, who is silent', () => {
    const text = present({
      outbox: { rows: 3, bytes: 700 },
      sync: undefined,
      config: { problem: { code: 'home_unusable', message: 'disk full' } },
      health: {
        conditions: [{ name: 'disk', status: 'Unknown', message: 'exited with code 3' }],
        running: true,
        termination: { check: 'gpu', reason: 'lost' },
      },
      converge: { last: { outcome: 'failed', done: 1, total: 4, endedAt: at, failure: { summary: 'it\nbroke' } } },
    });
    expect(text.split('\n').slice(1, 10)).toEqual([
      'phase      no answer',
      'server     no answer',
      'broker     connected',
      'outbox     3 messages wait, 700 bytes',
      'config     none from the server yet',
      '           node.json does not hold it: disk full (home_unusable)',
      'health     0 of 1 checks OK, running now',
      '           disk is Unknown: exited with code 3',
      '           asks the server to end this node: gpu: lost',
    ]);
    expect(text).toContain('           it broke\n');
  });

  test.each([
    [{ last: undefined }, 'converge   none yet'],
    [{ last: { outcome: 'running', done: 1, total: 4, step: 'demo/execute 20-join.py' } }, 'converge   running: 1 of 4 scripts, now demo/execute 20-join.py'],
  ])('a converge that is %j', (converge, line) => expect(present({ converge })).toContain(`${line}\n`));

  test.each([
    [{ endScripts: 1 }, ['not asked for', '1 script runs before an end: jetpack run_on_shutdown --list']],
    [{ shutdown: { cause: 'requested', way: 'terminate' }, endScripts: 0 }, ['the server is asked to terminate this node']],
    [
      { shutdown: { cause: 'idle', way: 'deallocate', reason: 'no\njobs', since: at }, endScripts: 2 },
      [`the server is asked to deallocate this node (idle): no jobs, since ${localTime(at)}`, '2 scripts run before an end: jetpack run_on_shutdown --list'],
    ],
    [undefined, ['no answer']],
  ])('the end of the node as %j', (lifecycle, lines) => {
    const [first = '', ...more] = lines;
    expect(present({ lifecycle })).toContain(`${[`shutdown   ${first}`, ...more.map((line) => `           ${line}`)].join('\n')}\n`);
  });

  test('is JSON when asked for', () => {
    expect(JSON.parse(presentStatus({ command: 'status', json: true }, status, tabbed))).toEqual(status);
  });
});

describe('where it is printed', () => {
  const checks = Array.from({ length: 30 }, (_, index) => ({ name: `c${index}`, status: index === 0 ? 'OK' : 'Error' }));
  const status = {
    cluster: 'lab',
    node: 'n1',
    version: '1.2.3',
    answersAs: '8.10.0-10203',
    broker: 'unreachable',
    outbox: { rows: 0, bytes: 0 },
    sync: { link: 'registered', phase: 'ready' },
    health: { conditions: checks, lastRoundAt: at, running: false },
    silent: [],
  };

  test('a node with much to say still fits on a screen', () => {
    const lines = presentStatus({ command: 'status', json: false }, status, aligned).trimEnd().split('\n');
    expect(lines.length).toBeLessThan(24);
    expect(lines).toContain('           and 21 more: jetpack health');
  });

  test('elsewhere than on a terminal the cells stand apart by tabs, without colours', () => {
    const text = presentStatus({ command: 'status', json: false }, status, tabbed);
    expect(text.split('\n').slice(0, 2)).toEqual(['node\tlab/n1, jetpack 1.2.3 (answers as 8.10.0-10203)', 'phase\tready']);
    expect(text).not.toContain('\u001B');
  });

  test('on a terminal what is well is green, what is not is red, and the columns stay where they are', () => {
    const text = presentStatus({ command: 'status', json: false }, status, coloured);
    expect(text).toContain('phase      \u001B[32mready\u001B[39m\n');
    expect(text).toContain('broker     \u001B[31munreachable\u001B[39m\n');
    expect(stripVTControlCharacters(text)).toBe(presentStatus({ command: 'status', json: false }, status, aligned));
  });

  test.each([
    ['on a terminal', { terminal: { output: true, columns: 80 } }, true, true],
    ['on a terminal with NO_COLOR', { terminal: { output: true, columns: 80 }, env: { NO_COLOR: '1' } }, true, false],
    ['in a pipe', {}, false, false],
  ])('%s', async (_where, place, isAligned, isColoured) => {
    const { exit, out } = await runFake(['inspect'], { ...place, answer: () => ok({ actors: [{ path: 'node/sync', state: 'running', mailbox: 0, restarts: 0 }] }) });
    expect({ exit, isAligned: !out.includes('\t'), isColoured: out.includes('\u001B[32m') }).toEqual({ exit: 0, isAligned, isColoured });
  });

  test.each([['status'], ['inspect'], ['health'], ['keepalive', 'show']])('jetpack %s %s is the same JSON by both options', async (...argv) => {
    const answer = () => ok({ conditions: [], running: false, holds: false });
    const ran = await Promise.all([['--json'], ['--output', 'json'], ['--output=text', '--output=json']].map((options) => runFake([...argv, ...options], { answer })));
    expect(ran.map(({ out }) => out)).toEqual(Array.from({ length: 3 }, () => `${JSON.stringify(answer().value, null, 4)}\n`));
  });
});

describe('jetpack inspect', () => {
  const actors = [
    { path: 'node/transport', state: 'running', mailbox: 0, restarts: 2 },
    { path: 'node/messaging', state: 'waiting', mailbox: 14, restarts: 0 },
  ];

  test('is the tree of actors, each under its supervisor', () => {
    expect(presentInspect({ command: 'inspect', json: false }, { actors }, aligned)).toBe(`actor        state       mailbox  restarts
node         supervisor
  transport  running     0        2
  messaging  waiting     14       0
`);
  });

  test('is JSON when asked for', () => {
    expect(JSON.parse(presentInspect({ command: 'inspect', json: true }, { actors }, tabbed))).toEqual({ actors });
  });
});

describe('jetpack health', () => {
  test('is a line for each check, what it asks of the server, and when they ran', () => {
    const conditions = [
      { name: 'disk', status: 'OK', since: at },
      { name: 'gpu', status: 'Error', message: 'exited with code 254', since: at },
    ];
    expect(presentHealth({ command: 'health', run: false, json: false }, { conditions, lastRoundAt: at, running: false, termination: { check: 'gpu', reason: 'lost' } }, aligned)).toBe(
      `check  status  since
disk   OK      ${localTime(at)}
gpu    Error   ${localTime(at)}  exited with code 254
asks the server to end this node: gpu: lost
last run at ${localTime(at)}
`,
    );
  });

  test('says that there are none, and that they have not run', () => {
    expect(presentHealth({ command: 'health', run: false, json: false }, { conditions: [], running: true }, aligned)).toBe('no checks\nnot run yet, running now\n');
  });
});
