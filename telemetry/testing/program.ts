// A program as small as can be: starts telemetry as its first argument says, records something of each signal, stops, and
// prints what it saw as JSON: as a `daemon`, as a `command`, or as one that is `named`. A second argument `hurried` lets its time run out while it stops.
import { registerHooks } from 'node:module';
import { systemClock } from '../../effects/clock.ts';
import { ManualClock } from '../../effects/manual-clock.ts';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});

// Imported only now, so that the hook sees them.
const { startTelemetry } = await import('../sdk.ts');
const { createMetrics } = await import('../metrics.ts');
const { startSpan, withSpan } = await import('../span.ts');
const { commandSpan, publishBatchSpan } = await import('../spans.ts');
const { fromEnvironment } = await import('../trace-carrier.ts');
const { activeSpanContext } = await import('../span-context.ts');

const [, , program = '', pace = ''] = process.argv;
const clock = new ManualClock();
const warnings: string[] = [];
const telemetry = await startTelemetry({
  serviceName: 'test-program',
  version: '1.2.3',
  ...(program === 'named' ? { instance: 'lab/n1' } : {}),
  env: process.env,
  program: program === 'daemon' ? 'daemon' : 'command',
  logger: { warn: (line) => void warnings.push(line), debug: () => undefined },
  clock: pace === 'hurried' ? clock : systemClock,
});
createMetrics(systemClock).published('jetpack.reports', 5, undefined);
const active = withSpan(commandSpan('log', fromEnvironment(process.env)), () => activeSpanContext()?.traceId);
const events = Array.from({ length: 200 }, (_, index) => ({ traceparent: `00-${'a'.repeat(32)}-${String(index + 1).padStart(16, '0')}-01` }));
startSpan(publishBatchSpan({ exchange: 'jetpack.reports', routingKey: 'events.c.n', messageId: 'm', body: new Uint8Array(1) }, events)).end();

const stopped = telemetry.shutdown();
if (pace === 'hurried') await clock.advance(program === 'daemon' ? 1500 : 1000);
await stopped;
const modules = new Set(loaded.flatMap((url) => /node_modules\/(@opentelemetry\/[^/]+)/.exec(url)?.[1] ?? []));
process.stdout.write(JSON.stringify({ modules: [...modules].sort(), active, warnings }), () => process.exit());
