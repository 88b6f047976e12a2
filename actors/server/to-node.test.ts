import { beforeEach, expect, test } from '@jest/globals';
import type { TraceContext } from '../../protocol/trace.ts';
import { recordSpans } from '../../telemetry/testing/recorded-spans.ts';
import type { OutgoingMessage, PublishOutcome } from '../../transport/port.ts';
import { address, bodies, frame } from '../testing/frames.ts';
import { publishToNode } from './to-node.ts';
import type { AnswerNode } from './transport.ts';

const spans = recordSpans();
beforeEach(() => spans.reset());

const trace: TraceContext = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };

const publish = async (sent: AnswerNode['frame'], outcome: PublishOutcome['outcome'] = 'confirmed'): Promise<OutgoingMessage> => {
  const published: OutgoingMessage[] = [];
  const confirmed = Promise.resolve({ outcome });
  publishToNode({ type: 'answer', to: address, frame: sent }, 'commands', { publish: (message) => (published.push(message), confirmed) });
  await confirmed;
  return published[0]!;
};

test('a command is published in the trace of whoever gave it, and its headers carry the publish on', async () => {
  const command = { ...frame('command', bodies.command), trace };
  const { headers } = await publish(command);
  const [span] = spans.named('publish commands');
  expect(span).toMatchObject({ parentSpanContext: { spanId: 'b'.repeat(16) }, links: [] });
  expect(span?.attributes).toMatchObject({ 'messaging.message.id': command.id, 'messaging.message.conversation_id': command.body.command });
  expect(headers).toEqual({ traceparent: `00-${'a'.repeat(32)}-${span?.spanContext().spanId}-01` });
});

test('a command that is sent again is published anew, and one that no queue took says so', async () => {
  const command = { ...frame('command', bodies.command), trace };
  await publish(command, 'unroutable');
  await publish(command);
  expect(spans.named('publish commands').map(({ attributes }) => attributes['error.type'])).toEqual(['unroutable', undefined]);
});

test('what else a node is told has no span and no trace', async () => {
  expect(await publish(frame('applied', bodies.applied))).not.toHaveProperty('headers');
  expect(spans.named()).toEqual([]);
});

test('an answer carries the id of the frame that it answers, a command its own, and what answers nothing has none', async () => {
  const asked = '0192f0c1-2345-7890-8abc-def012345678';
  expect(await publish({ ...frame('registered', bodies.registered), correlationId: asked })).toMatchObject({ correlationId: asked });
  expect(await publish(frame('command', bodies.command))).toMatchObject({ correlationId: bodies.command.command });
  expect(await publish(frame('applied', bodies.applied))).not.toHaveProperty('correlationId');
});
