// docs/TELEMETRY.md, made from the tables that the code itself is bound to.
import { logLevels } from './log-level.ts';
import { metrics } from './metric-table.ts';
import { attributes, resource, semconvVersion, spans, type AttributeName, type Program } from './semconv.ts';

const code = (text: string): string => `\`${text}\``;

const table = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const codes = (names: readonly AttributeName[]): string => (names.length === 0 ? 'none' : names.map(code).join(', '));

const programs = (from: readonly Program[]): string => from.map(code).join(', ');

const spanRows = Object.values(spans).map((span) => [code(span.name), programs(span.from), span.kind, span.parent, span.links, codes(span.attributes), codes(span.optional)]);

const metricRows = Object.entries(metrics).map(([name, metric]) => [code(name), programs(metric.from), metric.type, code(metric.unit), metric.meaning, codes(metric.attributes)]);

const resourceRows = Object.entries(resource).map(([name, meaning]) => [code(name), meaning]);

const attributeRows = Object.entries(attributes).map(([name, meaning]) => [code(name), meaning]);

export const telemetryPage = (): string => `# Telemetry

Every span, metric, attribute and log field. Made from \`telemetry/\` by \`npm run docs\`.

Names that begin with \`messaging.\`, \`process.\`, \`network.\`, \`http.\`, \`url.\`, \`nodejs.\` and \`error.\` are OpenTelemetry's semantic conventions, version ${semconvVersion};
those for messaging, command lines and the Node.js runtime are still in development there. Names that begin with \`jetpack.\` are our own.

## Turning it on

Nothing is recorded or exported, and no SDK is loaded, until an endpoint is set:

    export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318

Export is OTLP over HTTP, and the standard variables of OpenTelemetry configure all of it: an endpoint for one signal
(\`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\`, \`OTEL_EXPORTER_OTLP_METRICS_ENDPOINT\`), headers, protocol, time-outs, sampling (\`OTEL_TRACES_SAMPLER\`),
\`OTEL_TRACES_EXPORTER=none\`, \`OTEL_METRICS_EXPORTER=none\`, \`OTEL_SERVICE_NAME\`, \`OTEL_RESOURCE_ATTRIBUTES\`, \`OTEL_SDK_DISABLED=true\`.
A signal without an endpoint is not exported. The \`jetpack\` command exports traces only. At its end a command waits at most
one second for what is left to be exported, a daemon one and a half. An export that fails costs one warning in the log; further ones are
logged at \`debug\`.

A command line continues the trace in \`TRACEPARENT\` and \`TRACESTATE\`. The context crosses the socket, the outbox and the broker
whether or not anything is recorded on the way.

## Resource

What every span and metric of a program says of it, so that a tool can group them:

${table(['name', 'holds'], resourceRows)}

## Spans

A batch of events is a trace of its own, which links to each event's; each event is handled in its own trace, as a child of
the span that accepted it, and links to the batch. So the trace of one \`jetpack log\` is whole, however many travelled with it.
A command of the server is one trace too: the request that gave it, a publish and its handling for each node, and from there
the node's reports of it, as those of every event. What a node does for a command (a converge) reports in that trace.

Every attempt is a span of its own: a message that is published again has another publish, and one that was handled before is handled once more as
a \`jetpack.duplicate\`. An attempt that a kill cut off has no span: spans are exported when they have ended. Frames that belong to no trace have no spans:
registrations, heartbeats, waits, configurations and what the server answers to events.

${table(['name', 'from', 'kind', 'parent', 'links', 'attributes', 'where they apply'], spanRows)}

\`server.address\` and \`messaging.rabbitmq.message.delivery_tag\` are not recorded: what starts these spans does not know which broker carries the message.

## Metrics

${table(['name', 'from', 'type', 'unit', 'meaning', 'attributes'], metricRows)}

## Attributes

${table(['name', 'holds'], attributeRows)}

## Logs

\`jetpackd\` and \`cycle-server\` write one JSON object a line on standard error: \`level\`, \`time\` (ISO 8601, UTC), \`message\`, in a trace \`trace_id\`, \`span_id\` and
\`trace_flags\`, and fields such as \`actor\` (its path), \`message_id\` and \`node\`. \`JETPACK_LOG_LEVEL\` is one of ${logLevels.map(code).join(', ')}; \`info\` when unset.

\`jetpackd.log\`, \`cycle-server.log\` and the event log \`cycle_server.log\` hold lines for people, \`YYYY-MM-DD HH:MM:SS,mmm LEVEL message\` in local time, with fields after
the message as \`name=value\`. Control characters and line breaks are written as \`\\n\`, \`\\x1b\` and the like: one event is one line.

Fields named like a password, token, secret, credential or authorization are written as \`[redacted]\`, and so is user info in any URL.
`;
