import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../effects/testing/wait-for.ts';
import { backgroundClock } from '../effects/clock.ts';
import { recordSpans, type RecordedSpan } from '../telemetry/testing/recorded-spans.ts';
import { createEmbeddedBroker } from '../transport/embedded/broker.ts';
import { TestCluster, type OpenTransport } from './testing/cluster.ts';
import { gated, type GatedTransport } from './testing/gated-transport.ts';

const spans = recordSpans();
let cluster: TestCluster;
beforeEach(() => spans.reset());
afterEach(() => cluster.stop());

const shellTrace = (digit: string) => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });
const traceOf = (span: RecordedSpan): string => span.spanContext().traceId;

const inTrace = (digit: string, name: string): RecordedSpan[] => spans.named(name).filter((span) => traceOf(span) === digit.repeat(32));

const stored = (digit: string): Promise<RecordedSpan> =>
  waitFor(`the event of trace ${digit} in the store`, () => inTrace(digit, 'process test.events')[0]);

/** The one span of a name in a trace. */
const only = (digit: string, name: string): RecordedSpan => {
  const found = inTrace(digit, name);
  expect(found).toHaveLength(1);
  return found[0]!;
};

const isChildOf = (child: RecordedSpan, parent: RecordedSpan): void => expect(child.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);

describe('the trace of one jetpack log', () => {
  test('runs unbroken from the shell through socket, mailbox, outbox and broker to the store', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    await cluster.log(0, 'traced', shellTrace('a'));
    const process = await stored('a');
    const request = only('a', 'jetpackd/log');
    const accept = only('a', 'accept log');
    expect(request.parentSpanContext?.spanId).toBe('a'.repeat(16));
    isChildOf(accept, request);
    isChildOf(process, accept);
    const [link] = process.links;
    const publish = spans.named('publish test.reports').find((span) => span.spanContext().spanId === link?.context.spanId);
    expect(publish?.parentSpanContext).toBeUndefined();
    expect(publish?.links.map(({ context }) => context.spanId)).toContain(accept.spanContext().spanId);
  });

  test('three messages in one batch keep three traces, each linked to the one publish', async () => {
    const broker = createEmbeddedBroker({ clock: backgroundClock });
    const gates: GatedTransport[] = [];
    const open: OpenTransport = (name, topology) => {
      const transport = broker.connect({ name, topology });
      if (name === 'server') return transport;
      const gate = gated(transport);
      gates.push(gate);
      return gate;
    };
    cluster = await TestCluster.start({ nodes: 1, open });
    const digits = ['a', 'b', 'c'];
    for (const digit of digits) await cluster.log(0, digit, shellTrace(digit));
    gates[0]!.open();
    const processes = await Promise.all(digits.map(stored));
    const accepts = digits.map((digit) => only(digit, 'accept log'));
    for (const [index, process] of processes.entries()) isChildOf(process, accepts[index]!);
    const publishers = new Set(processes.map(({ links }) => links[0]?.context.spanId));
    expect(publishers.size).toBe(1);
    const publish = spans.named('publish test.reports').find((span) => span.spanContext().spanId === [...publishers][0]);
    expect(publish?.parentSpanContext).toBeUndefined();
    expect(publish?.links.map(({ context }) => context.spanId)).toEqual(expect.arrayContaining(accepts.map((span) => span.spanContext().spanId)));
  });

  test('a message replayed after a restart keeps its trace', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    await waitFor('the node known', async () => (await cluster.events()).length > 0);
    await cluster.server?.stop();
    await cluster.log(0, 'replayed', shellTrace('d'));
    await cluster.nodes[0]?.stop();
    await cluster.startServer();
    await cluster.startNode(0);
    isChildOf(await stored('d'), only('d', 'accept log'));
  });

  test('a message without a trace does not inherit that of the one before it', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    await Promise.all([cluster.log(0, 'traced', shellTrace('e')), cluster.log(0, 'bare')]);
    await stored('e');
    await waitFor('both stored', async () => (await cluster.messages()).length === 2);
    expect(inTrace('e', 'accept log')).toHaveLength(1);
    expect(inTrace('e', 'process test.events')).toHaveLength(1);
    const requests = spans.named('jetpackd/log').map(traceOf);
    expect(new Set(requests).size).toBe(2);
  });

  test('a user message is published in its own trace, which goes on in its headers', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    const send = { verb: 'send', id: cluster.mintId(), at: Date.now(), routingKey: 'a.b', contentType: 'text/plain', bodyBase64: 'aGk=' } as const;
    await cluster.request(0, { ...send, trace: shellTrace('f') });
    const publish = await waitFor('the publish', () => inTrace('f', 'publish test.user')[0]);
    isChildOf(publish, only('f', 'accept send'));
  });
});
