import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { mostDays, parseDuration, parseLasting, sayLasting } from './duration.ts';

const seconds = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
type Unit = keyof typeof seconds;
const isUnit = (unit: string): unit is Unit => unit in seconds;
const unit = fc.constantFrom(...Object.keys(seconds).filter(isUnit));
const longest = mostDays * seconds.d;

describe('a duration as people write it', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['6h', 21_600_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['007m', 420_000],
    ['3650d', 315_360_000_000],
    ['forever', undefined],
  ])('%s is understood', (text, value) => {
    expect(parseLasting(text)).toEqual({ ok: true, value });
  });

  const wrong = 'is not a duration: write a whole number and s, m, h, d or w, as in 30m, 6h or 2d, or forever';

  test.each([
    ['6x', `'6x' ${wrong}`],
    ['-1h', `'-1h' ${wrong}`],
    ['+1h', `'+1h' ${wrong}`],
    ['', `'' ${wrong}`],
    ['1.5h', `'1.5h' ${wrong}`],
    ['1e3h', `'1e3h' ${wrong}`],
    ['6', `'6' ${wrong}`],
    ['h', `'h' ${wrong}`],
    ['6H', `'6H' ${wrong}`],
    ['6 h', `'6 h' ${wrong}`],
    ['10^12 days', `'10^12 days' ${wrong}`],
    ['1h30m', `'1h30m' ${wrong}`],
    ['٣h', `'٣h' ${wrong}`],
    ['6h\n', `'6h\n' ${wrong}`],
    ['amqp://u:secret@host', `'amqp://***@host' ${wrong}`],
    ['0s', "'0s' is no time at all: write 1s or more"],
    ['3651d', "'3651d' is longer than 3650d: write forever for no end"],
    [`${'9'.repeat(100_000)}w`, `'${'9'.repeat(40)}…' is longer than 3650d: write forever for no end`],
    ['x'.repeat(100_000), `'${'x'.repeat(40)}…' ${wrong}`],
  ])('%.20j is refused with a line that says what is right', (text, message) => {
    expect(parseLasting(text)).toEqual({ ok: false, error: { code: 'usage', message } });
  });

  test('any whole number of a unit is that long, up to the bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400_000_000 }), unit, (count, unit) => {
        const inSeconds = count * seconds[unit];
        const parsed = parseLasting(`${count}${unit}`);
        expect(parsed.ok ? parsed.value : parsed.error.code).toBe(inSeconds > longest ? 'usage' : inSeconds * 1_000);
      }),
    );
  });

  test('no text at all is a time that is not whole, negative or beyond the bound', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from('0123456789smhdw.-+e ')) })), (text) => {
        const parsed = parseLasting(text);
        const ms = parsed.ok ? (parsed.value ?? 1_000) : 1_000;
        expect(Number.isSafeInteger(ms) && ms >= 1_000 && ms <= longest * 1_000).toBe(true);
        expect(parsed.ok ? 'usage' : parsed.error.code).toBe('usage');
      }),
    );
  });
});

describe('a time as people read it', () => {
  test.each([
    [0, 'less than a second'],
    [999, 'less than a second'],
    [1_000, '1 s'],
    [3_598_999, '59 min 59 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [172_800_000 + 3 * 3_600_000 + 59_000, '2 d 3 h'],
  ])('%i ms is %s', (ms, text) => expect(sayLasting(ms)).toBe(text));
});

describe('a time limit', () => {
  test.each([
    ['20s', 20_000],
    ['500ms', 500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, ms) => expect(parseDuration(text)).toEqual({ ok: true, value: ms }));

  test.each(['6x', '-1h', '', '1', 's', '1.5s', '99999999999s', '1ws', 'forever'])('%j is refused and named', (text) => {
    const parsed = parseDuration(text);
    expect(parsed.ok ? '' : parsed.error.message).toBe(`'${text}' is not a duration: write 500ms, 20s, 5m, 1h, 2d or 1w`);
  });
});
