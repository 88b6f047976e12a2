import { nodeForm } from './forms.ts';
import { describeCallSites } from './suite.ts';

describeCallSites(nodeForm);
