// Before the first suite of a jest run: the pool of brokers can be asked, and the programs are read.
import { openPool } from './broker/shared/run.ts';
import { warmPrograms } from './cluster/processes.ts';

export default async () => {
  await Promise.all([openPool(), warmPrograms()]);
};
