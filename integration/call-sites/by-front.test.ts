import { expect, test } from '@jest/globals';
import { hasCompiler } from '../../cli/front/compile.ts';
import { forms } from './forms.ts';
import { describeCallSites } from './suite.ts';

const { front } = await forms();
if (front !== undefined) describeCallSites(front);
else test('there is no front to call where there is no C compiler', async () => expect(await hasCompiler()).toBe(false));
