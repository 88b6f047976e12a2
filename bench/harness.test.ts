import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { runSuite, spread, type Comparison, type Suite } from './harness.ts';
import { parseOptions } from './options.ts';
import { reportText, watchConditions } from './report.ts';
import { inTurn, latencyTurns, percentile } from './latency.ts';
import { Stages, timedDatabase } from './transport/stages.ts';

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
    const needs = { command: 'redis-cli redis-server', debianPackage: 'redis-server' };
    const suite = suiteOf({ ...lacking, name: 'lacking', peer: { ...lacking.peer, needs } }, scripted([1, 1], [1, 1]));
    const results = await runSuite(suite, 1, (command) => command !== 'redis-server');
    expect(results).toMatchObject([{ name: 'lacking', missing: needs }, { name: 'scripted' }]);
    expect(turns).toEqual([]);
    expect(reportText(suite, watchConditions(suite, 1)(), results)).toContain('PEER MISSING: it needs redis-cli and redis-server on the PATH');
  });

  test('lets further peers take a turn in every round, each with a ratio of its own, and names those that are missing', async () => {
    const turns: string[] = [];
    const row = scripted([1, 10, 10], [1, 5, 8], turns);
    const other = (name: string) => ({
      name,
      turn: () => {
        turns.push(name);
        return Promise.resolve(20);
      },
    });
    const needs = { command: 'redis-server', debianPackage: 'redis-server' };
    const suite = suiteOf({ ...row, others: [{ ...other('limit'), aim: 0.3 }, { ...other('Redis'), needs }] });
    const results = await runSuite(suite, 2, () => false);
    expect(turns).toEqual(Array.from({ length: 3 }, () => ['peer', 'limit', 'product']).flat());
    expect(results).toMatchObject([{ ratio: { median: 0.65 }, others: [{ name: 'limit', rate: { median: 20 }, ratio: { median: 0.325, min: 0.25, max: 0.4 }, aim: 0.3 }, { name: 'Redis', missing: needs }] }]);
    const text = reportText(suite, watchConditions(suite, 2)(), results);
    expect(text).toContain('  beside   limit: 20 things/s\n  ratio    0.33 (0.25 to 0.40), aim 0.3: reached\n  beside   Redis: PEER MISSING: it needs redis-server on the PATH');
  });

  test('asks once more for where the time goes, when all turns are over', async () => {
    const turns: string[] = [];
    const shares = () => {
      turns.push('shares');
      return Promise.resolve({ encode: 0.25, store: 0.75 });
    };
    const suite = suiteOf({ ...scripted([1, 1], [1, 1], turns), shares });
    const results = await runSuite(suite, 1, everything);
    expect(turns.at(-1)).toBe('shares');
    expect(turns.filter((turn) => turn === 'shares')).toHaveLength(1);
    expect(reportText(suite, watchConditions(suite, 1)(), results)).toContain('  time     encode 25 %, store 75 %\n');
  });

  test('ends what the turns share also when a turn fails, and tells each result as it comes', async () => {
    const told: string[] = [];
    const failing = scripted([1, 1], [1, 1]);
    const suite: Suite = {
      ...suiteOf(scripted([1, 1], [1, 1]), { ...failing, product: { name: 'product', turn: () => Promise.reject(new Error('the broker is gone')) } }),
      close: () => {
        told.push('closed');
        return Promise.resolve();
      },
    };
    await expect(runSuite(suite, 1, everything, ({ name }) => told.push(name))).rejects.toThrow('the broker is gone');
    expect(told).toEqual(['scripted', 'closed']);
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

describe('where less is better', () => {
  test.each([
    [[1, 2], [1, 2.2], '1.10 (1.10 to 1.10), aim at most 1.15: reached'],
    [[1, 2], [1, 2.4], '1.20 (1.20 to 1.20), aim at most 1.15: NOT REACHED'],
  ])('figures of %j and %j are told in their unit, and an aim is a bound', async (peer, product, ratio) => {
    const suite = suiteOf({ ...scripted(peer, product), unit: 'ms', less: true, aim: 1.15 });
    const text = reportText(suite, watchConditions(suite, 1)(), await runSuite(suite, 1, everything));
    expect(text).toContain(`  peer     peer: 2.00 ms\n`);
    expect(text).toContain(`  ratio    ${ratio}\n`);
  });

  test('a growth is told as a share of what there was early', async () => {
    const growth = (late: number) => ({ name: 'flow', aim: 0.1, measure: () => Promise.resolve([{ what: 'heap', early: 10 * 1024 ** 2, late: late * 1024 ** 2 }]) });
    const suite = { ...suiteOf(), growths: [growth(10.5), growth(12)] };
    const text = reportText(suite, watchConditions(suite, 1)(), await runSuite(suite, 1, everything));
    expect(text).toContain('flow\n  heap     10.0 MiB early, 10.5 MiB late: growth 5 %, aim at most 10 %: reached\n');
    expect(text).toContain('growth 20 %, aim at most 10 %: NOT REACHED\n');
  });
});

describe('the percentile of latencies', () => {
  test('is the value that the share does not pass', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1), percentile([7], 0.01)]).toEqual([50, 99, 100, 7]);
  });

  test('is of calls that both sides make in turn, after a tenth that does not count', async () => {
    const calls: string[] = [];
    const send = (who: string) => () => Promise.resolve(void calls.push(who));
    const { peer, product } = await inTurn(20, send('peer'), send('product'));
    expect(calls).toEqual(Array.from({ length: 22 }, () => ['peer', 'product']).flat());
    expect(peer.p50).toBeLessThanOrEqual(peer.p99);
    expect(product.p50).toBeLessThanOrEqual(product.p99);
  });

  test('is told of both sides by one measurement a round', async () => {
    let measured = 0;
    const turns = latencyTurns('p99', () => {
      measured += 1;
      return Promise.resolve({ peer: { p50: 1, p99: 10 * measured }, product: { p50: 2, p99: 20 * measured } });
    });
    await expect(turns.product()).rejects.toThrow('after that of its peer');
    expect([await turns.peer(), await turns.product(), await turns.peer(), await turns.product()]).toEqual([10, 20, 20, 40]);
  });
});

describe('the stages of a run', () => {
  /** Stages over time that passes when it is told to. */
  const begin = () => {
    let time = 100;
    let idle = 40;
    const stages = new Stages({ monotonic: () => time, idle: () => idle });
    return { stages, pass: (ms: number) => void (time += ms), rest: (ms: number) => void ((time += ms), (idle += ms)) };
  };

  test('share its time: one within another is taken off the outer one, and shares add up to one', () => {
    const { pass, rest, stages } = begin();
    stages.in('outer', () => {
      pass(10);
      stages.in('inner', () => pass(40));
      pass(10);
    });
    rest(30);
    pass(10);
    expect(stages.shares('idle', 'rest')).toEqual({ outer: 0.2, inner: 0.4, idle: 0.3, rest: expect.closeTo(0.1) });
  });

  test('begin anew at a restart, also after a stage that failed', () => {
    const { pass, stages } = begin();
    const fails = (): void => {
      pass(10);
      throw new Error('no');
    };
    expect(() => stages.in('failing', fails)).toThrow('no');
    stages.restart();
    pass(10);
    expect(stages.shares('idle', 'rest')).toEqual({ idle: 0, rest: 1 });
  });

  test('take the transactions and the reads of a database, and nothing else', () => {
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE rows (id INTEGER)');
    let time = 0;
    // Each look at the clock is a millisecond.
    const stages = new Stages({ monotonic: () => (time += 1), idle: () => 0 });
    const timed = timedDatabase(database, stages, 'store');
    const insert = timed.prepare('INSERT INTO rows VALUES (?)');
    timed.prepare('BEGIN IMMEDIATE').run();
    insert.run(1);
    timed.prepare('COMMIT').run();
    expect([...timed.prepare('SELECT id FROM rows').iterate()].map(({ id }) => id)).toEqual([1]);
    expect(timed.prepare('SELECT id FROM rows').get()).toEqual({ id: 1 });
    // Begin to commit, and two reads: each entered and left, at 1 and 2, 3 and 4, 5 and 6.
    expect(stages.shares('idle', 'rest')).toEqual({ store: 3 / 7, idle: 0, rest: expect.closeTo(4 / 7) });
    database.close();
  });
});

describe('the command line', () => {
  const parse = (...args: string[]): unknown => parseOptions(args, ['actors', 'outbox']);

  test('takes one suite, and options with defaults', () => {
    expect(parse('actors')).toEqual({ ok: true, value: { suite: 'actors', rounds: 5, json: undefined, installPeers: false, broker: 'installed' } });
    expect(parse('outbox', '--rounds', '9', '--json', 'a.json', '--install-peers', '--broker', '4')).toEqual({
      ok: true,
      value: { suite: 'outbox', rounds: 9, json: 'a.json', installPeers: true, broker: '4' },
    });
  });

  test.each([[[]], [['nothing']], [['actors', 'outbox']], [['actors', '--rounds', '4']], [['actors', '--rounds', 'many']], [['actors', '--json']], [['actors', '--speed']], [['actors', '--broker', '5']]])('answers %j with what would be right', (args) => {
    expect(parse(...args)).toMatchObject({ ok: false, error: { code: 'usage' } });
  });
});
