import { describe, expect, test } from '@jest/globals';
import { storedEvent, nodeView } from './testing/views.ts';
import { brokerLines, colours, eventLine, inOrder, isReady, plain, rosterLines, summaryLines } from './view.ts';

describe('an event', () => {
  test('is one line: the time it was received, its node, level and message', () => {
    expect(eventLine(storedEvent('system is now ready'), 9, plain)).toBe('03:04:05  scheduler  INFO   system is now ready');
  });

  test('of a node cannot move the cursor, colour the terminal or begin a line', () => {
    expect(eventLine(storedEvent('a\u001b[2Jb\nc\u009bd', { node: 'n\r' }), 0, plain)).toBe(String.raw`03:04:05  n\x0d  INFO   a\x1b[2Jb\x0ac\x9bd`);
  });

  test('that is very long is shortened, and its length told', () => {
    const line = eventLine(storedEvent('x'.repeat(1_000_000)), 0, plain);
    expect(line.length).toBeLessThan(1_100);
    expect(line).toMatch(/x… \(1,000,000 characters\)$/);
  });

  test('in colours says the same', () => {
    const event = storedEvent('failed', { level: 'error', priority: 'low' });
    const coloured = eventLine(event, 0, colours);
    expect(coloured).toContain('\u001b[31mERROR\u001b[0m');
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(eventLine(event, 0, plain)); // oxlint-disable-line no-control-regex
  });
});

describe('the roster', () => {
  test('stands in the order of the cluster, strangers last', () => {
    const nodes = ['stranger', 'execute-2', 'scheduler'].map((node) => nodeView(node));
    expect(inOrder(nodes, ['scheduler', 'execute-1', 'execute-2']).map(({ node }) => node)).toEqual(['scheduler', 'execute-2', 'stranger']);
  });

  test('is a table: phase, link, when the node was heard and what waits in its outbox', () => {
    const nodes = [nodeView('scheduler', { lastSeenAt: 8_000, outbox: 2 }), nodeView('b', { phase: 'starting', link: 'unheard', lastSeenAt: undefined, outbox: undefined })];
    expect(rosterLines(nodes, 10_000, plain)).toEqual([
      'node       phase     link     heard      outbox',
      'scheduler  ready     online   2 s ago    2',
      'b          starting  unheard  never      -',
    ]);
  });

  test('of a server whose clock is ahead never tells of the future', () => {
    expect(rosterLines([nodeView('a', { lastSeenAt: 20_000 })], 10_000, plain).at(-1)).toContain('0 s ago');
  });
});

test('the broker is spoken of only when it does not serve', () => {
  expect(brokerLines('connected', plain)).toEqual([]);
  expect(brokerLines('connecting', plain)).toEqual(['The server has no connection to the broker: the nodes keep what they accept until it has.']);
  expect(brokerLines('blocked', plain)).toEqual(['The broker takes no messages for now: the nodes keep what they accept until it does.']);
});

describe('the summary', () => {
  test('names every node there should be, also one that was never heard of', () => {
    const nodes = [nodeView('scheduler'), nodeView('execute-1', { phase: 'starting', link: 'silent' })];
    expect(summaryLines({ seconds: 20.04, names: ['scheduler', 'execute-1', 'execute-2'], nodes, events: 7 }, plain)).toEqual([
      'Summary after 20 s',
      '  scheduler  ready  online',
      '  execute-1  starting  silent',
      '  execute-2  not heard of',
      '  1 of 3 nodes ready, 7 events stored',
    ]);
  });

  test('counts as ready only who is', () => {
    expect(isReady([nodeView('a', { phase: 'stopping' })], 'a')).toBe(false);
    expect(isReady([nodeView('a')], 'b')).toBe(false);
    expect(isReady([nodeView('a')], 'a')).toBe(true);
  });
});
