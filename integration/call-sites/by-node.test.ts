import { forms } from './forms.ts';
import { describeCallSites } from './suite.ts';

describeCallSites((await forms()).inNode);
