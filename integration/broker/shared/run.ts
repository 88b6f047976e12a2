// The pool of a jest run, in jest's own process.
import { socketVariable } from './answer.ts';
import { BrokerPool } from './pool.ts';

let pool: BrokerPool | undefined;

/** Before any worker begins, for they inherit the environment. */
export const openPool = async (): Promise<void> => {
  pool = await BrokerPool.open();
  process.env[socketVariable] = pool.socket;
};

export const closePool = async (): Promise<void> => {
  await pool?.close();
  pool = undefined;
};
