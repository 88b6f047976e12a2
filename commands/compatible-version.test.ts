import { expect, test } from '@jest/globals';
import packageFile from '../package.json' with { type: 'json' };
import { compatibleVersion } from './compatible-version.ts';
import { runFake } from './testing/fake-host.ts';

test.each([
  ['0.1.0', '8.10.0-100'],
  ['1.2.3', '8.10.0-10203'],
  ['1.0.0-rc.1', '8.10.0-10000'],
  ['0.2.0+build.7', '8.10.0-200'],
])('%s of our own answers as %s', (own, answered) => {
  expect(compatibleVersion(own)).toBe(answered);
});

test('the version of this package fits into one integer', () => {
  const parts = packageFile.version.split(/[.+-]/).slice(0, 3).map(Number);
  expect(parts.every((part) => Number.isInteger(part) && part < 100)).toBe(true);
});

test.each(['-v', '--version'])('jetpack %s prints the version that scripts know', async (flag) => {
  const { err, exit, out } = await runFake([flag]);
  expect({ err, exit, out }).toEqual({ err: '', exit: 0, out: '8.10.0-10203\n' });
});
