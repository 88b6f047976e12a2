// How existing scripts call the command line: each call site of the collection, and scripts made after the shapes that callers
// have. Each form of the command line has a suite of its own, which begins it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Form } from './forms.ts';
import { makeNodeOfFiles, startNodeWithDaemon, type TestNode } from './homes.ts';
import { readCallers, runCaller } from './run-caller.ts';
import { readRows, type Row } from './rows.ts';
import { runRow, type Surroundings, type Verdict } from './run-row.ts';

const rows = readRows();
const { HOME = '/', PATH = '' } = process.env;
const env = { HOME, PATH };

const several = 3;

/** Hundreds of programs, one after the other: this only ends what hangs for good. */
const boundMs = 900_000;

/** A few at a time, verdicts in the order of the rows. */
const runAll = async (chosen: readonly Row[], around: Surroundings): Promise<ReadonlyArray<Verdict & { readonly row: Row }>> => {
  const verdicts: Array<Verdict & { readonly row: Row }> = [];
  const waiting = chosen.entries();
  const work = async (): Promise<void> => {
    for (const [index, row] of waiting) verdicts[index] = { row, ...(await runRow(row, around)) };
  };
  await Promise.all(Array.from({ length: several }, work));
  return verdicts;
};

const told = ({ row, why }: Verdict & { readonly row: Row }): string => `${row.row} ${row.argv.join(' ')}: ${why} (${row.source})`;

export const describeCallSites = ({ alone, form, install }: Form): void => describe(`by ${form}`, () => {
  let folder: string;
  let bin: string;
  let served: TestNode;
  let plain: TestNode;

  const around = (node: TestNode): Surroundings => ({ jetpack: path.join(bin, 'jetpack'), env, root: mkdtempSync(path.join(folder, 'root-')), home: node.home, witness: node.witness });

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'call-sites-'));
    bin = path.join(folder, 'bin');
    await install(bin);
    plain = makeNodeOfFiles();
    served = await startNodeWithDaemon();
  }, 60_000);

  afterAll(async () => {
    await served.dispose();
    await plain.dispose();
    rmSync(folder, { recursive: true });
  });

  test('every call site gets the exit code, the output and the effect that its script counts on', async () => {
    // What a call brings about is told from what others do by its place in time.
    const quiet = rows.filter(({ effect }) => effect === undefined);
    const verdicts = await runAll(quiet, around(served));
    const acting = around(served);
    const acted: Array<Verdict & { readonly row: Row }> = [];
    // Before another call sets a condition, which would count as something that is not well.
    const checksFirst = rows.filter(({ effect }) => effect !== undefined).toSorted((one, other) => Number(other.effect?.type === 'checks') - Number(one.effect?.type === 'checks'));
    for (const row of checksFirst) acted.push({ row, ...(await runRow(row, acting)) });
    const all = [...verdicts, ...acted];
    const count = (outcome: Verdict['outcome']): number => all.filter((verdict) => verdict.outcome === outcome).length;
    for (const verdict of all.filter(({ outcome }) => outcome === 'open')) process.stdout.write(`open: ${told(verdict)}\n`);
    process.stdout.write(`call sites: ${count('passed')} passed, ${count('open')} open, ${count('failed')} failed (by ${form})\n`);
    expect(all).toHaveLength(rows.length);
    expect(all.filter(({ outcome }) => outcome === 'failed').map(told)).toEqual([]);
  }, boundMs);

  test('config and the version are the same from a node.json that somebody wrote by hand, with no daemon', async () => {
    const offline = rows.filter(({ argv: [, word = ''] }) => ['config', '--version', '-v'].includes(word));
    const verdicts = await runAll(offline, around(plain));
    expect(verdicts.length).toBeGreaterThan(190);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed').map(told)).toEqual([]);
  }, boundMs);

  const nodes = [
    ['with a daemon', (): TestNode => served, true],
    ['with files alone', (): TestNode => plain, false],
  ] as const;
  describe.each(nodes.filter(([, , hasDaemon]) => hasDaemon || alone))('%s', (_what, node, hasDaemon) => {
    test.each(readCallers().filter(({ daemon }) => hasDaemon || !daemon))('$file decides as it always did: $shape', async (caller) => {
      const { jetpack: _, ...rest } = around(node());
      expect(await runCaller(caller, bin, rest)).toBeUndefined();
    });
  });
});
