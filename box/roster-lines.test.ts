import { describe, expect, test } from '@jest/globals';
import type { NodeView } from '../actors/server/roster.ts';
import { localTime } from '../commands/local-time.ts';
import { bar, healthOf, keepaliveLines, rosterKey, rosterLines } from './roster-lines.ts';
import { nodeView } from './testing/views.ts';
import { colours, plain } from './view.ts';

const condition = (name: string, status: NodeView['conditions'][number]['status']): NodeView['conditions'][number] => ({ name, status, at: 0 });
const converge = { run: 'run', trigger: 'boot', outcome: 'running', done: 3, total: 5, step: 'execute/20-join.py', at: 0 } as const;
const termination = { request: 'request', check: 'disk', reason: 'full', at: 0, standing: 'would terminate' } as const;

/** A row of the table without its spaces, as its cells. */
const cells = (node: NodeView, bars = true): readonly string[] => (rosterLines([node], 0, bars, plain).at(-1) ?? '').split(/ {2,}/);

describe('the roster', () => {
  test('is a table: phase, converge, health, link, when the node was heard and what waits in its outbox', () => {
    const nodes = [
      nodeView('scheduler', { conditions: [condition('disk', 'OK')], converge: { ...converge, outcome: 'succeeded', done: 5 }, lastSeenAt: 8_000, outbox: 2 }),
      nodeView('b', { phase: 'starting', link: 'unheard', lastSeenAt: undefined, outbox: undefined }),
    ];
    expect(rosterLines(nodes, 10_000, true, plain)).toEqual([
      'node       phase       converge  health  link     heard      outbox',
      'scheduler  ready       5/5 done  ok      online   2 s ago    2',
      'b          starting    -         -       unheard  never      -',
    ]);
  });

  test('of a server whose clock is ahead never tells of the future', () => {
    expect(cells(nodeView('a', { lastSeenAt: 20_000 }))).toContain('0 s ago');
  });

  test('in colours says the same', () => {
    const nodes = [nodeView('a', { conditions: [condition('disk', 'Error')], converge }), nodeView('b', { phase: 'failed', termination })];
    const coloured = rosterLines(nodes, 0, true, colours);
    expect(coloured.join('')).toContain('\u001b[31mfailed');
    // oxlint-disable-next-line no-control-regex
    expect(coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(rosterLines(nodes, 0, true, plain));
  });

  test('a node cannot move the cursor by what it calls itself, its phase or its script', () => {
    const hostile = nodeView('n\u001b[2J', { phase: 'p\n', converge: { ...converge, step: 's\r' } });
    expect(rosterLines([hostile], 0, true, plain).join('')).not.toMatch(/\p{Cc}/u);
  });
});

describe('a converge', () => {
  test('under way is a bar and its script where bars can grow, else a count and its script', () => {
    expect(cells(nodeView('a', { converge }))).toContain('[######----] 3/5 execute/20-join.py');
    expect(cells(nodeView('a', { converge }), false)).toContain('3/5 execute/20-join.py');
  });

  test('that has ended says how', () => {
    expect(cells(nodeView('a', { converge: { ...converge, outcome: 'failed' } }))).toContain('3/5, failed');
    expect(cells(nodeView('a', { converge: { ...converge, outcome: 'succeeded', done: 5 } }))).toContain('5/5 done');
    expect(cells(nodeView('a', { converge: { ...converge, outcome: 'succeeded', done: 0, total: 0 } }))).toContain('nothing to do');
  });

  test('with a long script shows the end of its name', () => {
    const step = `${'long/'.repeat(20)}20-join.py`;
    const [, , cell = ''] = cells(nodeView('a', { converge: { ...converge, step } }));
    expect(cell).toMatch(/^\[######----\] 3\/5 ….*long\/20-join\.py$/);
    expect(cell.length).toBeLessThan(50);
  });

  test('is full only when all is done, and never more than full', () => {
    expect([bar(0, 5), bar(4, 5), bar(999, 1_000), bar(5, 5), bar(7, 5), bar(0, 0)]).toEqual([
      '[----------]',
      '[########--]',
      '[#########-]',
      '[##########]',
      '[##########]',
      '[----------]',
    ]);
  });
});

describe('the health of a node', () => {
  test.each<readonly [string, Partial<NodeView>]>([
    ['-', { conditions: [] }],
    ['-', { conditions: [condition('gpu', 'NA')] }],
    ['ok', { conditions: [condition('disk', 'OK'), condition('gpu', 'NA')] }],
    ['1 warning', { conditions: [condition('disk', 'Warning'), condition('gpu', 'OK')] }],
    ['2 unknown', { conditions: [condition('disk', 'Unknown'), condition('gpu', 'Warning'), condition('net', 'Unknown')] }],
    ['1 error', { conditions: [condition('disk', 'Unknown'), condition('gpu', 'Error')] }],
    ['would terminate', { conditions: [condition('disk', 'Error')], termination }],
  ])('is told by the worst of it: %s', (told, more) => {
    expect(healthOf(nodeView('a', more))).toBe(told);
  });
});

describe('keepalive', () => {
  test('is told with its end and its reason, of those nodes alone that have it', () => {
    const expiresAt = new Date(2026, 10, 27, 14).getTime();
    const nodes = [nodeView('a', { keepalive: { expiresAt, reason: 'looking\naround' } }), nodeView('b'), nodeView('c', { keepalive: {} })];
    expect(keepaliveLines(nodes, plain)).toEqual([String.raw`a is kept alive until ${localTime(expiresAt)}: looking\x0aaround`, 'c is kept alive forever']);
  });
});

describe('what the roster says has changed', () => {
  const key = (more: Partial<NodeView> = {}): string => rosterKey([nodeView('a', more)]);

  test('with the phase, the link, the health, the keepalive and the outcome of a converge', () => {
    const changes: ReadonlyArray<Partial<NodeView>> = [{ phase: 'failed' }, { link: 'silent' }, { termination }, { keepalive: {} }, { converge }];
    expect(new Set([key(), ...changes.map(key)]).size).toBe(changes.length + 1);
  });

  test('not with the time, the outbox or the step of a converge', () => {
    expect(key({ lastSeenAt: 5, outbox: 7 })).toBe(key());
    expect(key({ converge: { ...converge, done: 4, step: 'another' } })).toBe(key({ converge }));
  });
});
