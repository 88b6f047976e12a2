import { describe, expect, test } from '@jest/globals';
import { parseChaosOptions } from './options.ts';

const parse = (...argv: readonly string[]): unknown => parseChaosOptions(argv, {});

describe('the options of a chaos run', () => {
  test('have defaults, and are taken as given', () => {
    expect(parse()).toEqual({ ok: true, value: { seed: 1, minutes: 2, broker: undefined, json: undefined } });
    const given = ['--seed', '7', '--minutes', '0.5', '--broker', '4', '--json', 'report.json'];
    expect(parse(...given)).toEqual({ ok: true, value: { seed: 7, minutes: 0.5, broker: '4', json: 'report.json' } });
    expect(parse('-h')).toEqual({ ok: true, value: 'help' });
  });

  test.each([
    ['--seed', '-1'],
    ['--seed', '4294967296'],
    ['--minutes', '0'],
    ['--minutes', 'long'],
    ['--minutes', '1441'],
    ['--broker', 'kafka'],
    ['--kills', '3'],
  ])('%s %s is refused with a line that names it', (name, value) => {
    expect(parse(name, value)).toMatchObject({ ok: false, error: { code: 'usage', message: expect.stringContaining(name) } });
  });
});
