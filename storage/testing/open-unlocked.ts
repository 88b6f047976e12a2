import { DatabaseSync } from 'node:sqlite';
import type { Database } from '../database.ts';

/** Opens a database without the lock that keeps a second process out, as on a file system that knows no locks. */
export const openUnlocked = (path: string): Database => new DatabaseSync(path);
