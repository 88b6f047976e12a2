import { expect, test } from '@jest/globals';
import type { Result } from '../../../protocol/result.ts';
import { newId } from '../../testing/frames.ts';
import { Waits, type Wait, type WaitedFor } from './waits.ts';

const begin = () => {
  const waits = new Waits();
  const answers: Array<Result<WaitedFor>> = [];
  let cancelled = 0;
  const add = (more: Partial<Wait> = {}): string => {
    const wait: Wait = { id: newId(), role: 'scheduler', phase: 'ready', count: undefined, timeoutMs: 300_000, ...more };
    waits.add(wait, (answer) => void answers.push(answer), () => void (cancelled += 1));
    return wait.id;
  };
  return { waits, add, answers, cancelled: () => cancelled };
};

const nodes = (...phases: readonly string[]) => phases.map((phase, index) => ({ node: `s${index + 1}`, phase }));

const messageOf = (answer: Result<WaitedFor> | undefined): string => (answer?.ok === false ? `${answer.error.code}: ${answer.error.message}` : 'none');

test('a wait is answered once, when the server says that it is met, and its timer ends', () => {
  const { add, answers, cancelled, waits } = begin();
  const id = add();
  expect(waits.watched({ watch: id, met: false, nodes: nodes('converging') })).toBe(false);
  expect(waits.watched({ watch: id, met: true, nodes: nodes('ready') })).toBe(true);
  expect(waits.watched({ watch: id, met: true, nodes: nodes('ready') })).toBe(false);
  expect(waits.expire(id, undefined)).toBe(false);
  expect(answers).toEqual([{ ok: true, value: { nodes: nodes('ready') } }]);
  expect([cancelled(), waits.all]).toEqual([1, []]);
});

test.each([
  ['nothing from the server', undefined, 'wait_unmet: waited 300 s for every node of role scheduler to be ready: the server has not said how they stand'],
  ['no such node', nodes(), 'wait_unmet: waited 300 s for every node of role scheduler to be ready: the server knows no node of that role'],
  ['two nodes', nodes('ready', 'failed'), 'wait_unmet: waited 300 s for every node of role scheduler to be ready: s1 is ready, s2 is failed'],
  ['many nodes', nodes('a', 'b', 'c', 'd', 'e', 'f', 'g'), 'wait_unmet: waited 300 s for every node of role scheduler to be ready: s1 is a, s2 is b, s3 is c, s4 is d, s5 is e and 2 more'],
])('one whose time is up says how the nodes stand: %s', (_what, standing, line) => {
  const { add, answers, waits } = begin();
  const id = add();
  if (standing !== undefined) waits.watched({ watch: id, met: false, nodes: standing });
  expect(waits.expire(id, undefined)).toBe(true);
  expect(messageOf(answers[0])).toBe(line);
});

test('the line says how many nodes would have been enough', () => {
  const { add, answers, waits } = begin();
  waits.expire(add({ count: 1, timeoutMs: 1_000 }), undefined);
  waits.expire(add({ count: 2, timeoutMs: 2_000 }), undefined);
  waits.expire(add({ count: 2, timeoutMs: 499.7 }), undefined);
  expect(answers.map(messageOf)).toEqual([
    'wait_unmet: waited 1 s for 1 node of role scheduler to be ready: the server has not said how they stand',
    'wait_unmet: waited 2 s for 2 nodes of role scheduler to be ready: the server has not said how they stand',
    'wait_unmet: waited 500 ms for 2 nodes of role scheduler to be ready: the server has not said how they stand',
  ]);
});

test('a caller that comes again under its id takes the place of the one before', () => {
  const { add, answers, waits } = begin();
  const id = add();
  add({ id });
  expect(waits.all).toHaveLength(1);
  expect(messageOf(answers[0])).toBe('wait_unmet: given up');
});

test('more waits than a node can have are refused, and those there are stay', () => {
  const { add, answers, waits } = begin();
  for (let count = 0; count < 257; count += 1) add();
  expect(answers.map(messageOf)).toEqual(['busy: 256 waits are under way on this node']);
  expect(waits.all).toHaveLength(256);
});
