import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { stream } from '../testing/frames.ts';
import { supervise } from '../testing/recorder.ts';
import { settle } from '../testing/world.ts';
import { events } from './events.ts';
import { acked, applied, begin, entry, log, spans, useEventsStage } from './testing/events-stage.ts';

useEventsStage();

const traceOf = (digit: string): TraceContext => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });

describe('the span of a traced event', () => {
  const spansSeen = () =>
    spans.named('process reports').map((span) => ({
      trace: span.spanContext().traceId[0],
      parent: span.parentSpanContext?.spanId[0],
      link: span.links[0]?.context.spanId[0],
      error: span.attributes['error.type'],
    }));

  test('ends when it is stored, under its own trace, linked to the publish that brought it', async () => {
    const { arrive, commit } = await begin();
    await arrive([entry(1, log('1', traceOf('a'))), entry(2), entry(3, log('3', traceOf('b')))], { publication: traceOf('c') });
    expect(spansSeen()).toEqual([]);
    await commit();
    expect(spansSeen()).toEqual([
      { trace: 'a', parent: 'a', link: 'c', error: undefined },
      { trace: 'b', parent: 'b', link: 'c', error: undefined },
    ]);
  });

  test('links to the publish that brought the event, also when it is stored with those of another', async () => {
    const { arrive, commit } = await begin();
    await arrive([entry(2, log('2', traceOf('b')))], { publication: traceOf('d') });
    await arrive([entry(1, log('1', traceOf('a')))], { publication: traceOf('c') });
    await commit();
    expect(spansSeen().map(({ link, trace }) => [trace, link])).toEqual([['a', 'c'], ['b', 'd']]);
  });

  test('ends with the code of what failed', async () => {
    const { arrive, pending } = await begin();
    await arrive([entry(1, log('1', traceOf('a')))]);
    pending.shift()?.settle(fail('store_unwritable', 'disk full'));
    await settle();
    expect(spansSeen()).toMatchObject([{ trace: 'a', error: 'store_unwritable' }]);
  });

  test('is made for an event that came again too, and says that it did', async () => {
    const { arrive, commit } = await begin();
    await arrive([entry(1, log('1', traceOf('a')))]);
    await commit();
    await arrive([entry(1, log('1', traceOf('a'))), entry(2)]);
    await commit();
    expect(spans.named().map(({ attributes }) => attributes['jetpack.duplicate'])).toEqual([false, true]);
  });
});

describe('a crash', () => {
  test('leaves the frame under way to be delivered again, and a successor begins where the store is', async () => {
    const { answered, applied: progress, arrive, commit, incarnation, pending, ports, system } = await begin();
    const settled = await arrive([entry(1)]);
    await incarnation.end();
    expect(settled).toMatchObject([{ ok: false, error: { code: 'actor_crashed' } }]);
    pending.shift()?.settle(ok({ outcome: 'applied', applied: 1, stored: [] }));
    progress.set(stream, 1);
    system.spawn('events', events(ports), supervise('end'));
    await settle();
    expect([await arrive([entry(1)]), answered()]).toEqual([acked, [applied(1)]]);
    await arrive([entry(2)]);
    await commit();
    expect(answered().at(-1)).toEqual(applied(2));
  });
});

test('a drain lets what is with the store be stored and acknowledged', async () => {
  const { arrive, commit, incarnation } = await begin();
  const settled = await arrive([entry(1)]);
  const drained = incarnation.drain();
  await commit();
  expect(await drained).toEqual({ forced: false, failures: [], releaseTimedOut: false });
  expect(settled).toEqual(acked);
});
