// Before the first suite of a jest run: the pool of brokers can be asked.
export { openPool as default } from './broker/shared/run.ts';
