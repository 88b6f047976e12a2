import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import * as fc from 'fast-check';
import { character } from '../protocol/testing/character.ts';
import { eventLogLine } from './event-log-line.ts';

const messageOf = (line: string): string => line.slice('2026-01-02 03:04:05,006 INFO '.length, -1);
const written = (message: string): string => messageOf(eventLogLine(0, 'info', message));

describe('a line of the event log', () => {
  test('is date, time with milliseconds, level and message, split by single spaces', () => {
    expect(eventLogLine(Date.UTC(2026, 0, 2), 'warn', 'Added user ada')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,000 WARN Added user ada\n$/);
    expect(eventLogLine(0, 'info', 'Added user ada').split(' ')[5]).toBe('ada\n');
  });

  test('has the local time of the machine', () => {
    const script = `import(${JSON.stringify(path.join(import.meta.dirname, 'event-log-line.ts'))}).then(({ eventLogLine }) => process.stdout.write(eventLogLine(${Date.UTC(2026, 6, 2, 23, 4, 5, 6)}, 'error', 'x')))`;
    const inZone = (zone: string): string => execFileSync(process.execPath, ['-e', script], { env: { TZ: zone }, encoding: 'utf8' });
    expect(inZone('UTC')).toBe('2026-07-02 23:04:05,006 ERROR x\n');
    expect(inZone('Asia/Tokyo')).toBe('2026-07-03 08:04:05,006 ERROR x\n');
  });

  test.each([
    ['a line break', 'one\r\ntwo', String.raw`one\r\ntwo`],
    ['a tab', 'a\tb', String.raw`a\tb`],
    ['a colour', '\u001b[31mred\u001b[0m', String.raw`\x1b[31mred\x1b[0m`],
    ['a control sequence in eight bits', '\u009b31m', String.raw`\x9b31m`],
    ['a backspace and a null', 'a\b\0', String.raw`a\x08\x00`],
    ['a line separator', 'a\u2028b', String.raw`a\u2028b`],
    ['a turned direction of writing', 'a\u202eb', String.raw`a\u202eb`],
    ['half a character', 'a\ud800b', String.raw`a\ud800b`],
  ])('shows %s instead of doing what it says', (_, message, wanted) => {
    expect(written(message)).toBe(wanted);
  });

  test('leaves every other text as it is', () => {
    for (const text of ['Grüße 日本語 🚀', String.raw`C:\cycle\jetpack`, '"quoted" {json}', '  spaces  ', '']) expect(written(text)).toBe(text);
  });

  test('is one line for any message', () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), (message) => {
        const line = eventLogLine(0, 'info', message);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
    );
  });
});
