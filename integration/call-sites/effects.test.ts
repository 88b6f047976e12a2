// The judges themselves: what they must not let pass.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { watchFor } from './effects.ts';
import { blobPlaces } from './locker.ts';
import type { Effect } from './rows.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'call-site-effects-'));
});

afterEach(() => rmSync(home, { recursive: true }));

const nothing = { exit: 0, stdout: '', stderr: '' } as const;

const blob = 'cyclecloud-pbspro-pkg-2.0.25.tar.gz';
const { own = '', uploaded = '' } = blobPlaces('pbspro', blob);

/** What the judge says of a call that did so. */
const judged = async (effect: Effect, call: () => void): Promise<string | undefined> => {
  const judge = await watchFor(effect, { home, events: undefined });
  call();
  return judge?.(nothing);
};

const bring = (source: string, name = 'here'): void => writeFileSync(path.join(home, 'to', name), readFileSync(source));

test.each<[string, () => void, unknown]>([
  ['the blob that was uploaded', () => bring(uploaded), undefined],
  ['nothing', () => undefined, expect.stringMatching(/here is not there$/)],
  ["the project's own where another was uploaded", () => bring(own), expect.stringMatching(/here is ".*as version 2.0.25 of pbspro brings it/)],
  ['something beside it', () => (bring(uploaded), bring(uploaded, '.part')), expect.stringMatching(/^beside .* there is .part$/)],
  ['half of it', () => writeFileSync(path.join(home, 'to', 'here'), readFileSync(uploaded).subarray(0, 20)), expect.stringMatching(/here is "/)],
])('of a download that brought %s', async (_what, call, says) => {
  mkdirSync(path.join(home, 'to'));
  expect(await judged({ type: 'file', file: path.join(home, 'to', 'here'), project: 'pbspro', blob, folder: undefined }, call)).toEqual(says);
});

test('what ran anew by the call counts', async () => {
  const noted = (...names: readonly string[]): void => writeFileSync(path.join(home, 'ran.noted'), names.map((name) => `${name}\n`).join(''));
  noted('a', 'b');
  expect(await judged({ type: 'ran', names: ['a', 'b'] }, () => noted('a', 'b', 'b', 'a'))).toBeUndefined();
});

test('what only a server can tell is not judged where there is none', async () => {
  expect(await watchFor({ type: 'event', fields: { kind: 'log' }, says: [] }, { home, events: undefined })).toBeUndefined();
});
