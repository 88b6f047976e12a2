import { describe, expect, test } from '@jest/globals';
import type { NodeView } from '../actors/server/roster.ts';
import type { Card } from '../protocol/card.ts';
import { isReady, summaryLines, verdictOn } from './summary.ts';
import { nodeView } from './testing/views.ts';
import { plain } from './view.ts';

const names = ['scheduler', 'execute-1', 'execute-2'];
const card: Card = { summary: 'it failed', recommendation: 'mend it', project: 'demo', spec: 'execute', script: '20-join.py', exitCode: 3, output: 'no scheduler\n' };

const failed = (node: string, failure: Card | undefined, more: Partial<NodeView> = {}): NodeView => {
  const converge = { run: 'run', trigger: 'boot', outcome: 'failed', done: 1, total: 5, at: 0 } as const;
  return nodeView(node, { phase: 'failed', converge: failure === undefined ? converge : { ...converge, failure }, ...more });
};

const summary = (nodes: readonly NodeView[], readyAfter: ReadonlyMap<string, number> = new Map()): readonly string[] =>
  summaryLines({ seconds: 20.04, names, nodes, events: 7, readyAfter }, plain);

describe('the summary', () => {
  test('names every node there should be, also one that was never heard of', () => {
    expect(summary([nodeView('scheduler'), nodeView('execute-1', { phase: 'starting', link: 'silent' })])).toEqual([
      'Summary after 20 s',
      '  scheduler  ready  online',
      '  execute-1  starting  silent',
      '  execute-2  not heard of',
      '  1 of 3 nodes ready, 7 events stored',
    ]);
  });

  test('tells in which order nodes became ready, of those that still are', () => {
    const nodes = names.map((name) => nodeView(name, name === 'execute-1' ? { phase: 'converging' } : {}));
    const lines = summary(nodes, new Map([['scheduler', 1.94], ['execute-1', 2.2], ['execute-2', 2.31]]));
    expect(lines.at(-2)).toBe('  scheduler ready after 1.9 s, execute-2 after 2.3 s');
  });

  test('ends with the card of each node that is failed, and no card of one that has been', () => {
    const lines = summary([nodeView('scheduler', { converge: { ...failed('scheduler', card).converge!, failure: card } }), failed('execute-2', card)]);
    expect(lines.filter((line) => line.endsWith(' failed'))).toEqual(['execute-2 failed', '  it failed']);
    for (const said of ['mend it', 'no scheduler']) expect(lines.join('\n')).toContain(said);
  });

  test('counts as ready only who is', () => {
    expect(isReady([nodeView('a', { phase: 'stopping' })], 'a')).toBe(false);
    expect(isReady([nodeView('a')], 'b')).toBe(false);
    expect(isReady([nodeView('a')], 'a')).toBe(true);
  });
});

describe('the verdict on a run that ended by itself', () => {
  const verdict = (...nodes: readonly NodeView[]) => verdictOn({ names, nodes, seconds: 60 });

  test('is good when every node is ready', () => {
    expect(verdict(...names.map((name) => nodeView(name)))).toBeUndefined();
  });

  test('names the node and the script that failed, whoever else is not ready', () => {
    expect(verdict(failed('execute-2', card))).toEqual({ code: 'script_failed', message: 'execute-2 failed: script 20-join.py of demo/execute ended with exit code 3' });
  });

  test('says how a script ended that did not exit by itself', () => {
    const { exitCode: _, ...rest } = card;
    expect(verdict(failed('execute-2', { ...rest, ending: 'timed out after 300 s' }))?.message).toBe('execute-2 failed: script 20-join.py of demo/execute timed out after 300 s');
    expect(verdict(failed('execute-2', rest))?.message).toBe('execute-2 failed: script 20-join.py of demo/execute did not end well');
  });

  test('names each node that failed, by what it says when no script is at fault', () => {
    const missing: Card = { summary: 'project demo is\nmissing', recommendation: 'upload it' };
    const nodes = [failed('a', missing), failed('b', undefined, { detail: 'no room' }), failed('c', undefined)];
    expect(verdict(...nodes)?.message).toBe(String.raw`a failed: project demo is\x0amissing; b failed: no room; c failed: it gives no reason`);
  });

  test('says when time was too short', () => {
    expect(verdict(nodeView('scheduler'))).toEqual({ code: 'timeout', message: 'not every node was ready after 60.0 s' });
  });
});
