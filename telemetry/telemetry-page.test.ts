import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { metrics } from './metric-table.ts';
import { attributes, spans } from './semconv.ts';
import { telemetryPage } from './telemetry-page.ts';

test('docs/TELEMETRY.md is what the source says (npm run docs)', () => {
  expect(readFileSync(path.join(import.meta.dirname, '..', 'docs', 'TELEMETRY.md'), 'utf8')).toBe(telemetryPage());
});

test('every attribute that is described is used by a span or a metric', () => {
  const inSpans = Object.values(spans).flatMap(({ attributes: always, optional }): readonly string[] => [...always, ...optional]);
  const used = [...inSpans, ...Object.values(metrics).flatMap((entry): readonly string[] => entry.attributes)];
  expect([...new Set(used)].sort()).toEqual(Object.keys(attributes).sort());
});

test('no metric has an attribute that could hold a node, an id or a file', () => {
  const used = new Set(Object.values(metrics).flatMap((entry): readonly string[] => entry.attributes));
  for (const name of ['messaging.destination.name', 'messaging.rabbitmq.destination.routing_key', 'messaging.message.id', 'jetpack.message.id']) {
    expect(used).not.toContain(name);
  }
});
