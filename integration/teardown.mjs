// After the last suite of a jest run: what suites shared ends.
import { closePool } from './broker/shared/run.ts';
import { closePrograms } from './cluster/built.ts';

export default async () => {
  await Promise.all([closePool(), closePrograms()]);
};
