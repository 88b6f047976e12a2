import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { bothLoggers, jsonLogger, lineLogger, type LogSink } from './logger.ts';
import { inTrace } from './span-context.ts';
import { withSpan } from './span.ts';
import { commandSpan } from './spans.ts';
import { recordSpans } from './testing/recorded-spans.ts';

recordSpans();

interface Kept extends LogSink {
  readonly lines: string[];
}

const sink = (): Kept => {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line) };
};

const json = (kept: Kept): unknown[] => kept.lines.map((line) => JSON.parse(line));
const clock = new ManualClock();
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

describe('the JSON logger', () => {
  test('writes one object a line, with the fields of its parents and its own', () => {
    const kept = sink();
    const logger = jsonLogger({ sink: kept, level: 'info', clock }).child({ node: 'c1/n1' }).child({ actor: 'node/messaging' });
    logger.info('accepted', { message_id: 'm-1' });
    expect(kept.lines[0]).toMatch(/^[^\n]+\n$/);
    expect(json(kept)).toEqual([
      { level: 'info', time: '2026-01-01T00:00:00.000Z', node: 'c1/n1', actor: 'node/messaging', message_id: 'm-1', message: 'accepted' },
    ]);
  });

  test('names the trace inside a span, and none outside', () => {
    const kept = sink();
    const logger = jsonLogger({ sink: kept, level: 'debug', clock });
    logger.info('before');
    const own = withSpan(commandSpan('log', undefined), (span) => {
      logger.info('inside');
      return span.trace?.traceparent.split('-');
    });
    logger.info('after');
    const [before, inside, after] = json(kept);
    expect(inside).toMatchObject({ trace_id: own?.[1], span_id: own?.[2], trace_flags: '01' });
    for (const line of [before, after]) for (const field of ['trace_id', 'span_id', 'trace_flags']) expect(line).not.toHaveProperty(field);
  });

  test('leaves out lines below its level', () => {
    const kept = sink();
    const logger = jsonLogger({ sink: kept, level: 'warn', clock });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](level);
    expect(json(kept).map((line) => (line as { level: string }).level)).toEqual(['warn', 'error']);
  });

  test('keeps secrets out of message, fields and the fields of children', () => {
    const kept = sink();
    jsonLogger({ sink: kept, level: 'info', clock })
      .child({ token: 'hidden-1' })
      .child({ password: 'hidden-2' })
      .warn('no answer from amqp://ada:hidden-3@broker', { authorization: 'hidden-4', url: 'amqp://ada:hidden-5@broker' });
    expect(kept.lines.join('')).not.toContain('hidden');
    expect(kept.lines.join('')).toContain('amqp://[redacted]@broker');
  });

  test('escapes what could break a line or steer a terminal', () => {
    const kept = sink();
    jsonLogger({ sink: kept, level: 'info', clock }).info('a\nb\u001b[2J', { field: 'c\nd' });
    expect(kept.lines[0]).toMatch(/^\P{Cc}+\n$/u);
    expect(json(kept)).toEqual([expect.objectContaining({ message: 'a\nb\u001b[2J', field: 'c\nd' })]);
  });

  test.each(['error', 'err'])('writes an error field with its name, message and stack, and nothing else: %s', (name) => {
    const kept = sink();
    jsonLogger({ sink: kept, level: 'info', clock }).error('crashed', { [name]: new RangeError('too far') });
    const [line] = json(kept) as ReadonlyArray<Readonly<Record<string, unknown>>>;
    expect(line?.[name]).toEqual({ name: 'RangeError', message: 'too far', stack: expect.stringContaining('logger.test') });
  });
});

describe('the line logger', () => {
  const tail = (kept: Kept): string[] => kept.lines.map((line) => line.slice('2026-01-01 00:00:00,000 '.length));

  test('writes the message, then the fields, then the trace', () => {
    const kept = sink();
    const logger = lineLogger({ sink: kept, level: 'debug', clock }).child({ actor: 'node/sync' });
    logger.debug('asked', { attempt: 2, reason: 'no answer', empty: '' });
    inTrace(trace, () => logger.error('gave up'));
    expect(tail(kept)).toEqual([
      'DEBUG asked actor=node/sync attempt=2 reason="no answer" empty=""\n',
      'ERROR gave up actor=node/sync trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331 trace_flags=01\n',
    ]);
  });

  test('keeps one event on one line, without secrets and from its level up', () => {
    const kept = sink();
    const logger = lineLogger({ sink: kept, level: 'info', clock });
    logger.debug('too fine');
    logger.info('a\nb amqp://u:hidden@h', { password: 'hidden', text: 'c\nd' });
    expect(tail(kept)).toEqual([String.raw`INFO a\nb amqp://[redacted]@h password=[redacted] text="c\nd"` + '\n']);
  });
});

test('a line for both loggers reaches both, also through children', () => {
  const first = sink();
  const second = sink();
  const both = bothLoggers(jsonLogger({ sink: first, level: 'debug', clock }), lineLogger({ sink: second, level: 'debug', clock })).child({ node: 'n1' });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) both[level]('x');
  expect(json(first)).toHaveLength(4);
  expect(second.lines.filter((line) => line.endsWith('x node=n1\n'))).toHaveLength(4);
});
