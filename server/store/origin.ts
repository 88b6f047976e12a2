// The store's origin: a random word that is made once, when a store is opened that has none, and stays with it for good.
import type { Random } from '../../effects/random.ts';
import { textOf } from '../../storage/columns.ts';
import type { Database } from '../../storage/database.ts';

export const originOf = (database: Database, random: Random): string => {
  const minted = Buffer.from(random.bytes(16)).toString('hex');
  database.prepare('INSERT INTO origin SELECT ? WHERE NOT EXISTS (SELECT * FROM origin)').run(minted);
  return textOf(database.prepare('SELECT value FROM origin').get(), 'value');
};
