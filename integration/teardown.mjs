// After the last suite of a jest run: what suites shared ends.
import { closePool } from './broker/shared/run.ts';

export default closePool;
