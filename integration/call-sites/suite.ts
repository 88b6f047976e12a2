// How existing scripts call the command line: each call site of the collection, and scripts made after the shapes that callers
// have. Each form of the command line has a suite of its own, which begins it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileCache, install, timeZone, type Form } from './forms.ts';
import { makeNodeOfFiles, startNodeWithDaemon, type TestNode } from './homes.ts';
import { readCallers, runCaller, type Caller } from './run-caller.ts';
import { readRows, type Row } from './rows.ts';
import { runRow, type Surroundings, type Verdict } from './run-row.ts';

const rows = readRows();
const { HOME = '/', PATH = '' } = process.env;
const env = { HOME, PATH, ...timeZone, ...compileCache };

/** Hundreds of programs: this only ends what hangs for good. */
const boundMs = 900_000;

/** What comes of each, in their order; so many at a time. */
const inLanes = async <T, R>(lanes: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> => {
  const results: R[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
};

const several = 3;

interface Judged extends Verdict {
  readonly row: Row;
}

const judging = (around: Surroundings) => async (row: Row): Promise<Judged> => ({ row, ...(await runRow(row, around)) });

const told = ({ row, why }: Judged): string => `${row.row} ${row.argv.join(' ')}: ${why} (${row.source})`;

/** Whether what it brings about is told from what others do by its place in time. */
const needsQuiet = ({ effect }: Row): boolean => effect !== undefined && effect.type !== 'file';

/** Whether its answer comes from files alone, daemon or not: here from files that somebody wrote by hand. */
const isOfFiles = ({ argv: [, word = '', next] }: Row): boolean =>
  ['config', 'download', 'report_issue', 'test', 'users', '--version', '-v'].includes(word) || (word === 'props' && next === 'get');

/** Which command it calls, with what options, how many words, and how that ends. */
const shapeOf = ({ argv: [, ...words], exit, output }: Row): string =>
  JSON.stringify([words.length, words[0], words.filter((word) => word.startsWith('-')), exit, output.type]);

const callers = readCallers();

export const describeCallSites = (form: Form): void => describe(`by ${form.form}`, () => {
  let folder: string;
  let bin: string;
  let served: TestNode;
  let plain: TestNode;
  const begun: TestNode[] = [];

  const around = ({ events, home }: TestNode): Surroundings => ({ bin, env, events, home, root: mkdtempSync(path.join(folder, 'root-')) });

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'call-sites-'));
    bin = path.join(folder, 'bin');
    install(bin, form);
    plain = makeNodeOfFiles();
    begun.push(plain);
    served = await startNodeWithDaemon();
    begun.push(served);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(begun.map((node) => node.dispose()));
    rmSync(folder, { recursive: true });
  });

  test('every call site gets the exit code, the output and the effect that its script counts on', async () => {
    const byNode = { served: judging(around(served)), plain: judging(around(plain)) };
    const judge = (row: Row): Promise<Judged> => byNode[form.daemonless && isOfFiles(row) ? 'plain' : 'served'](row);
    const verdicts = await inLanes(several, rows.filter((row) => !needsQuiet(row)), judge);
    // Checks before another call sets a condition, which would count as something that is not well.
    const acting = rows.filter(needsQuiet).toSorted((one, other) => Number(other.effect?.type === 'ran') - Number(one.effect?.type === 'ran'));
    const all = [...verdicts, ...(await inLanes(1, acting, judge))];
    const count = (outcome: Verdict['outcome']): number => all.filter((verdict) => verdict.outcome === outcome).length;
    for (const verdict of all.filter(({ outcome }) => outcome === 'open')) process.stdout.write(`open: ${told(verdict)}\n`);
    process.stdout.write(`call sites: ${count('passed')} passed, ${count('open')} open, ${count('failed')} failed (by ${form.form})\n`);
    expect(all).toHaveLength(rows.length);
    expect(all.filter(({ outcome }) => outcome === 'failed').map(told)).toEqual([]);
  }, boundMs);

  test(`what files answer is the same ${form.daemonless ? 'with' : 'without'} a daemon, one call of each shape`, async () => {
    const ofEachShape = [...new Map(rows.filter(isOfFiles).map((row) => [shapeOf(row), row])).values()];
    const verdicts = await inLanes(several, ofEachShape, judging(around(form.daemonless ? served : plain)));
    expect(verdicts.length).toBeGreaterThan(10);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed').map(told)).toEqual([]);
  }, boundMs);

  const nodes = [
    ['with a daemon', (): TestNode => served, callers.filter(({ daemon }) => daemon || !form.daemonless)],
    ['with files alone', (): TestNode => plain, callers.filter(({ daemon }) => !daemon && form.daemonless)],
  ] as const;
  describe.each(nodes.filter(([, , chosen]) => chosen.length > 0))('%s', (_what, node, chosen) => {
    const decided = new Map<string, string | undefined>();

    beforeAll(async () => {
      const decide = async (caller: Caller): Promise<void> => void decided.set(caller.file, await runCaller(caller, around(node())));
      await inLanes(several, chosen.filter(({ daemon }) => !daemon), decide);
      await inLanes(1, chosen.filter(({ daemon }) => daemon), decide);
    }, boundMs);

    test.each(chosen)('$file decides as it always did: $shape', ({ file }) => {
      expect([file, decided.has(file), decided.get(file)]).toEqual([file, true, undefined]);
    });
  });
});
