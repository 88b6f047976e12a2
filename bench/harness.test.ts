import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { runSuite, spread, type Comparison, type Suite } from './harness.ts';
import { parseOptions } from './options.ts';
import { reportText, watchConditions } from './report.ts';

/** A comparison whose sides give these rates, one a turn, and note their turns. */
const scripted = (peer: number[], product: number[], turns: string[] = []): Comparison => {
  const side = (name: string, rates: number[]) => ({
    name,
    turn: () => {
      turns.push(name);
      return Promise.resolve(rates.shift() ?? Number.NaN);
    },
  });
  return { name: 'scripted', unit: 'things', aim: 0.5, peer: side('peer', peer), product: side('product', product) };
};

const suiteOf = (...comparisons: Comparison[]): Suite => ({ title: 'a suite', libraries: ['nact'], comparisons });

const everything = (): boolean => true;

describe('the harness', () => {
  test('lets peer and product take turns after a warm-up that does not count', async () => {
    const turns: string[] = [];
    const [result] = await runSuite(suiteOf(scripted([1, 10, 20, 10], [1_000, 5, 5, 20], turns)), 3, everything);
    expect(turns).toEqual(Array.from({ length: 4 }, () => ['peer', 'product']).flat());
    expect(result).toMatchObject({
      peer: { rate: { median: 10, min: 10, max: 20 } },
      product: { rate: { median: 5, min: 5, max: 20 } },
      // Each of its own pair: 0.5, 0.25, 2.
      ratio: { median: 0.5, min: 0.25, max: 2 },
    });
  });

  test('reports a missing peer as missing and goes on with the rest', async () => {
    const turns: string[] = [];
    const lacking = scripted([], [], turns);
    const needs = { command: 'redis-server', debianPackage: 'redis-server' };
    const suite = suiteOf({ ...lacking, name: 'lacking', peer: { ...lacking.peer, needs } }, scripted([1, 1], [1, 1]));
    const results = await runSuite(suite, 1, (command) => command !== 'redis-server');
    expect(results).toMatchObject([{ name: 'lacking', missing: needs }, { name: 'scripted' }]);
    expect(turns).toEqual([]);
    expect(reportText(suite, watchConditions(suite, 1)(), results)).toContain('PEER MISSING: redis-server is not on the PATH');
  });

  test('the median is between the extremes, with as many values above as below', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 1e9 }), { minLength: 1 }), (values) => {
        const { median, min, max } = spread(values);
        expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
        const below = values.filter((value) => value < median).length;
        const above = values.filter((value) => value > median).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});

describe('the report', () => {
  test('gives the ratio with its range, both rates, load and versions, and says whether the aim is reached', async () => {
    const suite = suiteOf(scripted([1, 1_000], [1, 900]), scripted([1, 1_000], [1, 400]));
    const text = reportText(suite, watchConditions(suite, 1)(), await runSuite(suite, 1, everything));
    expect(text).toMatch(/^a suite\nnode 2\d\.\S+, nact \d+\.\d+\.\d+; \d+ CPUs, load \S+ before and \S+ after; medians of 1 rounds after a warm-up\n/);
    expect(text).toContain('  peer     peer: 1,000 things/s\n  product  product: 900 things/s\n  ratio    0.90 (0.90 to 0.90), aim 0.5: reached\n');
    expect(text).toContain('  ratio    0.40 (0.40 to 0.40), aim 0.5: NOT REACHED\n');
  });
});

describe('the command line', () => {
  const parse = (...args: string[]): unknown => parseOptions(args, ['actors', 'outbox']);

  test('takes one suite, and options with defaults', () => {
    expect(parse('actors')).toEqual({ ok: true, value: { suite: 'actors', rounds: 5, json: undefined, installPeers: false } });
    expect(parse('outbox', '--rounds', '9', '--json', 'a.json', '--install-peers')).toEqual({
      ok: true,
      value: { suite: 'outbox', rounds: 9, json: 'a.json', installPeers: true },
    });
  });

  test.each([[[]], [['nothing']], [['actors', 'outbox']], [['actors', '--rounds', '4']], [['actors', '--rounds', 'many']], [['actors', '--json']], [['actors', '--speed']]])('answers %j with what would be right', (args) => {
    expect(parse(...args)).toMatchObject({ ok: false, error: { code: 'usage' } });
  });
});
