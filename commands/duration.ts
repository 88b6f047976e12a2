// How people write and read how long something lasts (reference, section 5.4).
import { fail, ok, type Result } from '../protocol/result.ts';
import { shown } from './flags.ts';

/** Undefined: for ever. */
export type Duration = number | undefined;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const units: Readonly<Record<string, number>> = { ms: 1, s: second, m: minute, h: hour, d: day, w: 7 * day };

export const mostDays = 3_650;

/** An argument may have a hundred thousand bytes, and what is right has to stand in the line too. */
const shownCharacters = 40;

const quote = (text: string): string => {
  const safe = shown(text);
  return `'${safe.length <= shownCharacters ? safe : `${safe.slice(0, shownCharacters)}…`}'`;
};

const read = (text: string, pattern: RegExp): number | undefined => {
  const [, digits, unit = ''] = pattern.exec(text) ?? [];
  const factor = units[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
};

/** Milliseconds of a time limit such as `500ms`, `20s`, `5m`, `1h`, `2d` or `1w`. Fails with `usage` and says what is right. */
export const parseDuration = (text: string): Result<number> => {
  const ms = read(text, /^(\d{1,9})(ms|s|m|h|d|w)$/);
  return ms === undefined ? fail('usage', `${quote(text)} is not a duration: write 500ms, 20s, 5m, 1h, 2d or 1w`) : ok(ms);
};

/** Milliseconds of `90s`, `30m`, `6h`, `2d` or `1w`; undefined for `forever`. Fails with `usage` and says what is right. */
export const parseLasting = (text: string): Result<Duration> => {
  if (text === 'forever') return ok(undefined);
  const ms = read(text, /^(\d+)([smhdw])$/);
  if (ms === undefined) {
    return fail('usage', `${quote(text)} is not a duration: write a whole number and s, m, h, d or w, as in 30m, 6h or 2d, or forever`);
  }
  if (ms === 0) return fail('usage', `${quote(text)} is no time at all: write 1s or more`);
  if (ms > mostDays * day) return fail('usage', `${quote(text)} is longer than ${mostDays}d: write forever for no end`);
  return ok(ms);
};

const steps: ReadonlyArray<readonly [name: string, ms: number]> = [
  ['d', day],
  ['h', hour],
  ['min', minute],
  ['s', second],
];

/** In the two largest units that say something, a begun second counting whole: `2 d 3 h`, `59 min 58 s`, `less than a second`. */
export const sayLasting = (ms: number): string => {
  const whole = ms < second ? ms : Math.ceil(ms / second) * second;
  const first = steps.findIndex(([, size]) => whole >= size);
  if (first === -1) return 'less than a second';
  let rest = whole;
  const parts = steps.slice(first, first + 2).flatMap(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return parts.join(' ');
};
