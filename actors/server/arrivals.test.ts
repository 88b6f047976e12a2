import { beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '../../effects/manual-clock.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { recordSpans } from '../../telemetry/testing/recorded-spans.ts';
import { address, frame, newId, stream } from '../testing/frames.ts';
import { Arrivals } from './arrivals.ts';
import { incomingEntry } from './intake-entry.ts';
import type { EventsArrived } from './transport.ts';

const spans = recordSpans();
beforeEach(() => spans.reset());

const trace: TraceContext = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
const event = { kind: 'log', id: newId(), at: 1_000, level: 'info', priority: 'low', message: 'm', trace };

const arrived = (...sequences: readonly number[]): EventsArrived => ({
  type: 'frame',
  frame: { ...frame('events', { stream, lane: 'report', entries: sequences.map((sequence) => ({ sequence, event })) }), from: address },
  bytes: 500,
  clockOffsetMs: 0,
  delivery: { exchange: 'reports', routingKey: 'events.lab.n1', queue: 'reports', redelivered: false },
  publication: undefined,
  reply: () => undefined,
});

const setUp = () => {
  const clock = new ManualClock(1_250);
  const arrivals = new Arrivals(clock);
  /** How many spans begin with a batch of these. */
  const begin = (...sequences: readonly number[]): number =>
    arrivals.begin({ from: address, stream, lane: 'report', entries: sequences.map((sequence) => incomingEntry(sequence, event)) }).length;
  return { arrivals, begin, clock };
};

const most = 65_536;
const range = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, index) => first + index);

test('a traced event begins its span once, with the time since it was made', () => {
  const { arrivals } = setUp();
  arrivals.note(arrived(1), 0);
  const [span, ...more] = arrivals.begin({ from: address, stream, lane: 'report', entries: [incomingEntry(1, event)] });
  span?.end();
  expect(more).toEqual([]);
  expect(spans.named().map(({ attributes, name }) => [name, attributes['jetpack.queueing.delay']])).toEqual([['process reports', 0.25]]);
});

test('an event that has begun its span begins no other', () => {
  const { arrivals, begin } = setUp();
  arrivals.note(arrived(1), 0);
  expect([begin(1), begin(1)]).toEqual([1, 0]);
});

test('an event that was applied and comes again says so in a span of its own, linked to the publish that brought it', () => {
  const { arrivals, begin } = setUp();
  const publication: TraceContext = { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` };
  arrivals.note({ ...arrived(1, 2), publication }, 1);
  const [span, ...more] = spans.named();
  expect(more).toEqual([]);
  expect(span).toMatchObject({ name: 'process reports', parentSpanContext: { spanId: 'b'.repeat(16) }, links: [{ context: { spanId: 'd'.repeat(16) } }] });
  expect(span?.attributes).toMatchObject({ 'jetpack.duplicate': true, 'jetpack.queueing.delay': 0.25, 'messaging.message.id': event.id });
  expect(begin(1, 2)).toBe(1);
});

test("a node's answer to a command belongs to the conversation of that command", () => {
  const { arrivals } = setUp();
  const answer = { kind: 'command', id: newId(), at: 1_000, command: newId(), state: 'done', trace };
  const sent = arrived(1);
  arrivals.note({ ...sent, frame: { ...sent.frame, body: { ...sent.frame.body, entries: [{ sequence: 1, event: answer }] } } }, 1);
  expect(spans.named().map(({ attributes }) => attributes['messaging.message.conversation_id'])).toEqual([answer.command]);
});

test('beyond 65,536 that wait the oldest lose their link, and no others', () => {
  const { arrivals, begin } = setUp();
  arrivals.note(arrived(...range(1, most)), 0);
  arrivals.note(arrived(...range(most + 1, 3)), 0);
  expect([begin(1, 2, 3), begin(4, most + 1, most + 3)]).toEqual([0, 3]);
});

test('what is applied and comes again takes no room from what waits', () => {
  const { arrivals, begin } = setUp();
  arrivals.note(arrived(most + 1), most);
  arrivals.note(arrived(...range(1, most)), most);
  expect(begin(most + 1)).toBe(1);
});
