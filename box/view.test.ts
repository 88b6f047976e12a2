import { describe, expect, test } from '@jest/globals';
import { storedEvent, nodeView } from './testing/views.ts';
import { brokerLines, cardLines, colours, eventLine, inOrder, plain } from './view.ts';

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

test('the nodes stand in the order of the cluster, strangers last', () => {
  const nodes = ['stranger', 'execute-2', 'scheduler'].map((node) => nodeView(node));
  expect(inOrder(nodes, ['scheduler', 'execute-1', 'execute-2']).map(({ node }) => node)).toEqual(['scheduler', 'execute-2', 'stranger']);
});

test('the broker is spoken of only when it does not serve', () => {
  expect(brokerLines('connected', plain)).toEqual([]);
  expect(brokerLines('connecting', plain)).toEqual(['The server has no connection to the broker: the nodes keep what they accept until it has.']);
  expect(brokerLines('blocked', plain)).toEqual(['The broker takes no messages for now: the nodes keep what they accept until it does.']);
});

test('a card is set off from the events, under the name of its node, and moves no cursor', () => {
  const lines = cardLines('execute-2', { summary: 'it failed', recommendation: 'mend it', output: 'one\u001b[2J\ntwo\n' }, plain);
  expect(lines.slice(0, 2)).toEqual(['', 'execute-2 failed']);
  expect(lines.at(-1)).toBe('');
  for (const said of ['it failed', 'mend it', 'two']) expect(lines.filter((line) => line.startsWith('  ') && line.includes(said))).toHaveLength(1);
  expect(lines.join('')).not.toContain('\u001b');
});
