// Before the first suite of a jest run: the pool of brokers can be asked, and the programs are built.
import { openPool } from './broker/shared/run.ts';
import { openPrograms } from './cluster/built.ts';

export default async () => {
  await Promise.all([openPool(), openPrograms()]);
};
