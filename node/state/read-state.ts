// The node's state as a daemon left it, for those who only look while there is none.
import type { NodeState } from '../../actors/node/state.ts';
import type { Json } from '../../protocol/configuration.ts';
import type { Result } from '../../protocol/result.ts';
import { textOf } from '../../storage/columns.ts';
import { readDatabase } from '../../storage/read-database.ts';
import { stateForm } from './schema.ts';

export type LeftState = Pick<NodeState, 'get' | 'keys'>;

/** All of it at once: a node remembers little. Fails with `file_unreadable`. */
export const readState = (path: string): Result<LeftState> =>
  readDatabase(path, stateForm, (database) => {
    // Written by this program, so its form is known.
    const entries = new Map(database.prepare('SELECT key, value FROM entries ORDER BY key').all().map((row) => [textOf(row, 'key'), JSON.parse(textOf(row, 'value')) as Json]));
    return { get: (key) => entries.get(key), keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)) };
  });
