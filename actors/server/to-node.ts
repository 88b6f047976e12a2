// What is said to one node, as a message for the broker. A command has a span for each time that it is published.
import { encodeFrame } from '../../protocol/codec.ts';
import { routingKey } from '../../protocol/routing.ts';
import { startSpan } from '../../telemetry/span.ts';
import { publishSpan } from '../../telemetry/spans.ts';
import { injectTrace } from '../../telemetry/trace-carrier.ts';
import { failureOf, type BrokerLink } from '../broker-link.ts';
import type { AnswerNode } from './transport.ts';

const expiresMs = 60_000;

/** Nobody waits for the outcome: what is lost is asked for, or sent, again. */
export const publishToNode = ({ frame, to }: AnswerNode, exchange: string, link: Pick<BrokerLink, 'publish'>): void => {
  // What it answers, or the command that all frames about it have in common.
  const correlationId = frame.kind === 'command' ? frame.body.command : frame.correlationId;
  const message = {
    exchange,
    routingKey: routingKey({ type: 'node', ...to }),
    body: encodeFrame(frame),
    messageId: frame.id,
    ...(correlationId === undefined ? {} : { correlationId }),
    type: frame.kind,
    contentType: 'application/json',
    persistent: false,
    // What has a deadline is of no use to a node after it.
    expiresMs: Math.min(expiresMs, frame.remainingMs ?? expiresMs),
  };
  if (frame.kind !== 'command') {
    void link.publish(message);
    return;
  }
  const span = startSpan(publishSpan(message, frame.trace));
  const published = link.publish({ ...message, headers: injectTrace({}, span.trace) });
  void published.then((outcome) => {
    const failure = failureOf(outcome);
    if (failure !== undefined) span.fail(failure);
    span.end();
  });
};
