import { expect, test } from '@jest/globals';
import { hasCompiler } from '../../cli/front/compile.ts';
import { front, hasFront } from './forms.ts';
import { describeCallSites } from './suite.ts';

if (await hasFront()) describeCallSites(front);
else test('there is no front to call where there is no C compiler', async () => expect(await hasCompiler()).toBe(false));
